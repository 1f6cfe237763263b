"""Korean translations of sentences about densities and variational autoencoders."""

GENERATION: dict[str, str] = {
    # --- 12-4 ---------------------------------------------------------------------------------
    "New rows from a density": "밀도에서 새 데이터 뽑기",
    (
        "Around the mean, components vary independently of each other, so most variations look "
        "alike. A density follows how the codes of a class are really distributed: here it is a "
        "mixture of normal distributions per class, with as many components as held-out rows "
        "ask for."
    ): (
        "평균 주위에서는 성분들이 서로 독립적으로 변하므로 변형이 대부분 비슷해 보인다. 밀도는 "
        "부류의 잠재 표현이 실제로 어떻게 분포하는지를 따른다. 여기서는 부류마다 정규 분포를 "
        "혼합하며, 그 개수는 따로 남겨 둔 데이터로 정한다."
    ),
    "variations": "변형",
    "samples": "표본",
    "The class {title}: fifty variations of its mean code, fifty samples of the density.": (
        "부류 {title}: 평균 잠재 표현의 변형 50개와 밀도에서 뽑은 표본 50개."
    ),
    "Each class: samples of the density.": "모든 부류: 밀도에서 뽑은 표본.",
    (
        "{n} rows of each kind are compared with held-out rows of the class {title}. Coverage is "
        "the share of held-out rows with a made row among their neighbors: it is low where rows "
        "lack variety. Precision is the share of made rows that are among those neighbors. The "
        "last line is that of real training rows."
    ): (
        "종류마다 {n}개의 데이터를 부류 {title}의 평가 데이터와 비교한다. 포괄률은 만든 데이터가 "
        "이웃에 있는 평가 데이터의 비율로, 다양하지 못하면 낮아진다. 정밀도는 만든 데이터 가운데 "
        "그런 이웃에 드는 것의 비율이다. 마지막 줄은 실제 학습 데이터의 값이다."
    ),
    "variations, the chapter's convolutional network": "변형, 교재의 합성곱 신경망",
    "variations, jamjae": "변형, jamjae",
    "samples, jamjae": "표본, jamjae",
    "real training rows": "실제 학습 데이터",
    "Fréchet distance": "프레셰 거리",
    "precision": "정밀도",
    "recall": "재현율",
    "coverage": "포괄률",
    "share of copies of training rows": "학습 데이터를 베낀 비율",
    # --- vae ----------------------------------------------------------------------------------
    "Beyond the chapter": "교재를 넘어서",
    "A variational autoencoder with a plane of codes": ("변분 오토인코더와 잠재 표현의 평면"),
    "A variational autoencoder": "변분 오토인코더",
    (
        "The encoder gives each row a normal distribution of codes instead of a single one. The "
        "loss is the negative evidence lower bound (ELBO) of the log likelihood: it asks for "
        "faithful reconstructions, and that the codes of all rows together follow N(0, 1). So any "
        "code drawn from N(0, 1) can be decoded to a new row."
    ): (
        "인코더는 데이터마다 잠재 표현 하나가 아니라 잠재 표현의 정규 분포를 내놓는다. 손실은 로그 "
        "가능도의 증거 하한(ELBO)에 음의 부호를 붙인 값이다. 복원이 충실하고 모든 데이터의 잠재 "
        "표현이 함께 N(0, 1)을 따르도록 요구한다. 그래서 N(0, 1)에서 뽑은 어떤 잠재 표현도 새 "
        "데이터로 복호화할 수 있다."
    ),
    "Training loss per epoch, in nats per value.": ("에포크별 손실. 단위는 값 하나당 내트."),
    "The grid of codes": "잠재 표현의 격자",
    "Codes along each of the two components, decoded.": (
        "두 성분 각각을 따라 늘어놓은 잠재 표현을 복호화한 결과."
    ),
    (
        "Codes are spaced by quantiles of the normal distribution, so that each image stands for "
        "the same share of all rows. Neighboring codes decode to similar images, without gaps."
    ): (
        "잠재 표현을 정규 분포의 분위수에 맞추어 늘어놓았으므로 이미지마다 같은 비율의 데이터를 "
        "대표한다. 이웃한 잠재 표현은 빈틈없이 비슷한 이미지로 복호화된다."
    ),
    "A grid of {side} × {side} codes, decoded. Components from {low} to {high}.": (
        "{side} × {side}개의 잠재 표현을 복호화한 격자. 성분은 {low}에서 {high} 사이."
    ),
    "Mean codes of the test rows. Colors show the classes.": (
        "평가 데이터의 평균 잠재 표현. 색은 부류를 나타낸다."
    ),
    "The bound, beside that of probabilistic PCA": "확률적 PCA와 하한 비교",
    (
        "Probabilistic PCA is the same model with a linear decoder. Its bound is its exact log "
        "likelihood, and training starts from it."
    ): (
        "확률적 PCA는 디코더가 선형인 같은 모델이다. 하한이 정확한 로그 가능도와 같으며, 학습은 "
        "여기서 출발한다."
    ),
    "ELBO, training rows": "ELBO, 학습 데이터",
    "ELBO, test rows": "ELBO, 평가 데이터",
    "probabilistic PCA": "확률적 PCA",
    (
        "The bound is in nats per row; higher is better. {active} of 2 components vary with the "
        "rows. The noise of a value is {noise}, in the units of the data."
    ): (
        "하한의 단위는 데이터 하나당 내트이며 높을수록 좋다. 성분 2개 가운데 {active}개가 데이터에 "
        "따라 변한다. 값 하나의 잡음은 데이터 단위로 {noise}이다."
    ),
    "New rows": "새 데이터",
    "samples of the prior": "사전 분포의 표본",
    "samples of a mixture": "혼합 분포의 표본",
    "prior": "사전 분포",
    "mixture": "혼합 분포",
    (
        "New images: codes drawn from the prior N(0, 1), and from a mixture fitted to the codes of "
        "the training rows, decoded."
    ): (
        "새 이미지: 사전 분포 N(0, 1)에서 뽑은 잠재 표현과, 학습 데이터의 잠재 표현에 맞춘 혼합 "
        "분포에서 뽑은 잠재 표현을 복호화했다."
    ),
    (
        "{n} rows of each kind are compared with test rows. The better the codes fill N(0, 1), "
        "the nearer the prior comes to the mixture. Two components are few: whatever draws the "
        "codes, images are typical (precision) but lack variety (recall)."
    ): (
        "종류마다 {n}개의 데이터를 평가 데이터와 비교한다. 잠재 표현이 N(0, 1)을 잘 채울수록 사전 "
        "분포는 혼합 분포에 가까워진다. 성분이 두 개뿐이므로 잠재 표현을 어디에서 뽑든 이미지는 "
        "전형적이지만(정밀도) 다양하지 못하다(재현율)."
    ),
}
