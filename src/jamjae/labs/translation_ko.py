"""The labs' sentences in Korean, by their English ones."""

KOREAN: dict[str, str] = {
    # --- of every lab -------------------------------------------------------------------------
    "A quick run, with few rows and epochs: its numbers only show that it runs.": (
        "적은 데이터와 에포크로 빠르게 실행한 결과이다. 수치는 동작을 확인하는 용도일 뿐이다."
    ),
    "This run was interrupted. Missing: {named}.": "실행이 중단되었다. 빠진 부분: {named}.",
    "{source}: {train} to learn from and {test} to judge by, each of {shape} values.": (
        "{source}: 학습용 {train}개, 평가용 {test}개, 각각 {shape}개의 값으로 이루어진다."
    ),
    "MSE is the mean squared error of a value, {unit}.": "MSE는 값 하나의 평균 제곱 오차이다({unit}).",
    "pixels in [0, 1]": "화소는 0에서 1 사이",
    "in squared units of the data": "데이터 단위의 제곱",
    "Unseen rows, and what each restores of them.": "학습에 쓰지 않은 데이터와, 각 방법이 복원한 결과.",
    "The same rows as codes of two numbers, by each method.": (
        "같은 데이터를 각 방법으로 두 개의 수로 나타낸 결과."
    ),
    "Loss after each epoch; pixels from 0 to 255.": "에포크별 손실. 화소는 0에서 255 사이.",
    "Pictures it was trained on, codes, restorations.": "학습에 쓴 이미지와 잠재 표현, 복원 이미지.",
    "Pictures it never saw, codes, restorations.": "처음 보는 이미지와 잠재 표현, 복원 이미지.",
    "Pictures jamjae never saw, codes, restorations.": (
        "jamjae가 처음 보는 이미지와 잠재 표현, 복원 이미지."
    ),
    "network": "신경망",
    "layer": "층",
    "output": "출력",
    "parameters": "매개변수",
    "encoder": "인코더",
    "decoder": "디코더",
    "all": "합계",
    "seed": "시드",
    "time": "시간",
    "recorded": "기록",
    "original": "원본",
    "code": "잠재 표현",
    "restored": "복원",
    "data": "데이터",
    "final loss": "최종 손실",
    "MSE, training rows": "MSE, 학습 데이터",
    "MSE, test rows": "MSE, 평가 데이터",
    "seconds to train": "학습 시간(초)",
    "The data": "데이터",
    "The chapter's network": "교재의 신경망",
    "the chapter's network": "교재의 신경망",
    "the chapter's dense network": "교재의 다층 퍼셉트론",
    "the chapter's convolutions": "교재의 합성곱 신경망",
    "jamjae's default": "jamjae의 기본 모델",
    "jamjae": "jamjae",
    "Beside PCA": "PCA와 비교",
    "Beside each other": "나란히 비교",
    "Beside the classical methods": "고전적 방법과 비교",
    # --- the list of labs ---------------------------------------------------------------------
    "The chapter's experiments, beside the classical methods": "교재의 실험과 고전적 방법의 비교",
    "Every page stands for itself and needs no network.": (
        "각 페이지는 그 자체로 완결되며 인터넷 없이 열린다."
    ),
    "missing: the run was interrupted": "빠짐: 실행이 중단됨",
    "lab": "실습",
    "chapter": "교재",
    "experiment": "실험",
    "Feature extraction": "특징 추출",
    "Assignment 2": "과제 2",
    "Challenge 1": "도전 1",
    "LAB 11-2": "LAB 11-2",
    "LAB 11-1, 11-3, 11-4": "LAB 11-1, 11-3, 11-4",
    "LAB 12-1": "LAB 12-1",
    "LAB 12-2": "LAB 12-2",
    "LAB 12-3": "LAB 12-3",
    "LAB 12-4": "LAB 12-4",
    "Pictures through 100 and 25 numbers, by PCA": "PCA로 이미지를 100개와 25개의 수로 압축하기",
    "A rolled sheet, by the classical methods": "말린 종이를 고전적 방법으로 펼치기",
    "A rolled sheet through two numbers, by 17 parameters": (
        "매개변수 17개로 말린 종이를 두 개의 수로 나타내기"
    ),
    "A rolled sheet through two numbers, by 41 parameters": (
        "매개변수 41개로 말린 종이를 두 개의 수로 나타내기"
    ),
    "Pictures through 64 numbers, by dense networks": (
        "다층 퍼셉트론으로 이미지를 64개의 수로 압축하고 복원하기"
    ),
    "Pictures through 64 numbers, by convolutions": (
        "합성곱 신경망으로 이미지를 64개의 수로 압축하고 복원하기"
    ),
    "New pictures from the mean code of a class": "부류의 평균 잠재 표현에서 새 이미지 만들기",
    "Features given as the answer, and features found": "정답으로 준 특징과 스스로 찾은 특징",
    "Noise taken from photographs": "사진에서 잡음 없애기",
    "A map of the clothes, by t-SNE of codes": "잠재 표현의 t-SNE로 그린 옷의 지도",
    # --- pca-compression ----------------------------------------------------------------------
    "Compressed by PCA": "PCA로 압축하기",
    (
        "PCA keeps the directions in which the data vary most. A picture becomes as many numbers "
        "as there are directions; drawn as a picture themselves, nothing can be recognised in them."
    ): (
        "PCA는 데이터가 가장 크게 변하는 방향만 남긴다. 이미지는 방향의 개수만큼의 수가 된다. "
        "이 수들을 다시 그림으로 그려 보면 무엇인지 알아볼 수 없다."
    ),
    "Fifty pictures, each as {k} numbers, and what PCA restores from these.": (
        "이미지 50장과 이를 나타내는 {k}개의 수, 그리고 PCA가 복원한 이미지."
    ),
    "How much is left": "얼마나 남았는가",
    "numbers a row": "이미지당 수의 개수",
    "explained variance": "설명된 분산",
    # --- manifolds ----------------------------------------------------------------------------
    "The rolled sheet": "말린 종이",
    "The rolled sheet.": "말린 종이.",
    "A sheet is rolled up in three dimensions. Its colour runs along the sheet.": (
        "종이 한 장이 3차원 공간에 말려 있다. 색은 종이를 따라 변한다."
    ),
    "PCA and its kernels": "PCA와 커널",
    (
        "PCA can only project, so the sheet stays rolled up. A kernel bends the space first; which "
        "one helps is not known beforehand."
    ): (
        "PCA는 투영만 할 수 있으므로 종이는 말린 채로 남는다. 커널은 먼저 공간을 구부리지만 "
        "어떤 커널이 도움이 되는지 미리 알 수 없다."
    ),
    "By neighbors": "이웃을 이용하기",
    (
        "LLE, Isomap and t-SNE only ask who is near whom. Isomap unrolls the sheet; none of the "
        "three can go back from the plane to the sheet."
    ): (
        "LLE, Isomap, t-SNE는 누가 누구와 가까운지만 묻는다. Isomap은 종이를 펼친다. 그러나 셋 다 "
        "평면에서 다시 종이로 돌아갈 수는 없다."
    ),
    # --- 12-1 and 12-2 ------------------------------------------------------------------------
    "{n} points of a rolled sheet, each as two numbers, and back to three.": (
        "말린 종이 위의 점 {n}개를 각각 두 개의 수로 줄였다가 다시 세 개로 복원한다."
    ),
    "median of 15 seeds": "시드 15개의 중앙값",
    "best seed": "가장 좋은 시드",
    "worst seed": "가장 나쁜 시드",
    "Loss after each epoch, of the median seed.": "에포크별 손실(중앙값 시드).",
    "Codes of the roll, of the median seed.": "말린 종이의 잠재 표현(중앙값 시드).",
    (
        "On the same points with as many numbers. What changed: the network starts as PCA and has "
        "hidden layers with GELU, the data are brought to one scale, and Adam's learning rate "
        "rises and falls over as many epochs as it takes."
    ): (
        "같은 점, 같은 개수의 수를 쓴다. 달라진 점: 신경망이 PCA에서 출발하며 GELU 은닉층을 갖고, "
        "데이터를 하나의 척도로 맞추며, Adam의 학습률이 필요한 만큼의 에포크 동안 올랐다가 내려간다."
    ),
    "restored by the chapter's network": "교재의 신경망이 복원",
    "restored by jamjae": "jamjae가 복원",
    "The roll, and what was restored from two numbers a point.": (
        "말린 종이와, 점마다 두 개의 수에서 복원한 결과."
    ),
    "MSE, training points": "MSE, 학습한 점",
    "MSE, new points": "MSE, 새로운 점",
    # --- 12-3 ---------------------------------------------------------------------------------
    (
        "The same pictures through as many numbers. What changed: the network starts as PCA and "
        "has one wide hidden layer with GELU each way, pixels are divided by 255, and Adam's "
        "learning rate rises and falls over 20 epochs."
    ): (
        "같은 이미지를 같은 개수의 수로 나타낸다. 달라진 점: 신경망이 PCA에서 출발하고 양쪽에 넓은 "
        "GELU 은닉층을 하나씩 가지며, 화소를 255로 나누고, Adam의 학습률이 20 에포크 동안 올랐다가 "
        "내려간다."
    ),
    "PCA takes as many numbers and a fraction of the time. Who loses to it, loses.": (
        "PCA는 같은 개수의 수를 훨씬 짧은 시간에 구한다. PCA에 진다면 진 것이다."
    ),
    (
        "The same pictures through as many numbers. What changed: for pictures of this size jamjae "
        "takes dense layers that start as PCA. They need a fraction of the time of convolutions."
    ): (
        "같은 이미지를 같은 개수의 수로 나타낸다. 달라진 점: 이 크기의 이미지에 jamjae는 PCA에서 "
        "출발하는 완전 연결층을 쓴다. 합성곱보다 훨씬 짧은 시간에 학습한다."
    ),
    "Beside the dense network and PCA": "다층 퍼셉트론, PCA와 비교",
    # --- 12-4 ---------------------------------------------------------------------------------
    "{n} rows of the class {title} become codes. Their mean is the class's representative.": (
        "부류 {title}의 데이터 {n}개를 잠재 표현으로 바꾼다. 그 평균이 부류의 대표이다."
    ),
    "Fifty of the codes, drawn as pictures.": "그림으로 나타낸 잠재 표현 50개.",
    "mean code": "평균 잠재 표현",
    "The mean code, and what it is decoded to.": "평균 잠재 표현과, 그것을 복호화한 결과.",
    "Fifty new ones: the mean code, each number times 1 + {spread}·N(0, 1), decoded.": (
        "새로 만든 50개: 평균 잠재 표현의 각 수에 1 + {spread}·N(0, 1)을 곱해 복호화했다."
    ),
    "Every class: its mean code decoded, then variations of it.": (
        "모든 부류: 평균 잠재 표현을 복호화한 결과와 그 변형."
    ),
    "Every class: its mean code decoded.": "모든 부류: 평균 잠재 표현을 복호화한 결과.",
    (
        "The same with jamjae's default network and as many numbers. What changed: it starts as "
        "PCA, and its codes may be negative, so that multiplying varies each number around its "
        "mean whichever its sign."
    ): (
        "jamjae의 기본 신경망으로 같은 개수의 수를 써서 반복한다. 달라진 점: PCA에서 출발하며 잠재 "
        "표현이 음수일 수도 있다. 곱셈은 부호와 관계없이 각 수를 평균 주위에서 변화시킨다."
    ),
    # --- features -----------------------------------------------------------------------------
    (
        "A point of the roll has three numbers, but the sheet it lies on has two: how far along "
        "the sheet it is, and at which height. These two are the features given as the answer."
    ): (
        "점은 세 개의 수로 주어지지만 그 점이 놓인 종이에는 두 개의 좌표, 곧 종이를 따라간 거리와 "
        "높이가 있다. 이 둘을 정답 특징으로 준다."
    ),
    "The features given: place along the sheet, and height.": (
        "정답으로 준 특징: 종이를 따라간 위치와 높이."
    ),
    "Told what to find": "무엇을 찾을지 알려 주기",
    (
        "The encoder learns to give these features, while the decoder learns to restore the point "
        "from them. For points it never saw it has to find the features by itself."
    ): (
        "인코더는 이 특징을 내놓도록, 디코더는 특징에서 점을 복원하도록 학습한다. 처음 보는 점에서는 "
        "인코더가 스스로 특징을 찾아야 한다."
    ),
    "Left to find its own": "스스로 찾게 하기",
    "The same network without the answer only has to restore the points.": (
        "같은 신경망에 정답을 주지 않으면 점을 복원하기만 하면 된다."
    ),
    "told what to find": "정답을 준 인코더",
    "left to find its own": "스스로 찾은 인코더",
    "Codes of points that neither has seen.": "둘 다 처음 보는 점의 잠재 표현.",
    "features explained": "설명된 특징의 비율",
    "trustworthiness, new points": "신뢰도, 새로운 점",
    # --- a2-denoise ---------------------------------------------------------------------------
    "The photographs": "사진",
    "clean": "깨끗함",
    "noisy": "잡음",
    "The photographs to learn from, and their noisy versions.": "학습할 사진과 잡음을 더한 사진.",
    "The chapter's network, without augmentation": "교재의 신경망, 데이터 증강 없이",
    "Loss after each epoch, on pairs of noisy and clean photographs.": (
        "잡음 낀 사진과 깨끗한 사진의 쌍에 대한 에포크별 손실."
    ),
    "without augmentation": "증강 없음",
    "with augmentation": "증강 있음",
    "The chapter's network, with augmentation": "교재의 신경망, 데이터 증강과 함께",
    (
        "Every photograph is turned, zoomed, sheared, shifted and mirrored anew each time, and so "
        "is its noise: {n} pairs an epoch."
    ): (
        "매번 사진을 새로 회전, 확대, 전단, 이동, 반전하고 잡음도 새로 더한다. 에포크마다 {n}쌍이다."
    ),
    "the chapter's network, augmented": "교재의 신경망, 증강",
    "Photographs it learned from, their codes of 1,024 numbers, restorations.": (
        "학습한 사진과 1,024개의 수로 된 잠재 표현, 복원 결과."
    ),
    "Photographs it never saw, their codes of 1,024 numbers, restorations.": (
        "처음 보는 사진과 1,024개의 수로 된 잠재 표현, 복원 결과."
    ),
    (
        "What changed: thirty photographs are few, but the patches in them are many. An "
        "autoencoder of 12 × 12 pixels with a code of 36 numbers, about 1,000 for a photograph, "
        "learns from patches in all eight ways they can lie, and each pixel becomes the mean of "
        "what all patches around it say. It learns from the same thirty photographs, no more."
    ): (
        "달라진 점: 사진 30장은 적지만 그 안의 조각은 많다. 12 × 12 화소 조각을 36개의 수로 나타내는 "
        "오토인코더가(사진 한 장에 약 1,000개) 여덟 방향으로 놓은 조각들에서 학습하고, 각 화소는 그 "
        "화소를 덮는 모든 조각의 결과를 평균한 값이 된다. 학습에 쓴 것은 같은 사진 30장뿐이다."
    ),
    "codes of patches": "조각의 잠재 표현",
    "Photographs it learned from, the codes of their patches, restorations.": (
        "학습한 사진과 조각들의 잠재 표현, 복원 결과."
    ),
    "Photographs it never saw, the codes of their patches, restorations.": (
        "처음 보는 사진과 조각들의 잠재 표현, 복원 결과."
    ),
    "The classical rivals": "고전적 경쟁자",
    (
        "k-NN gives back the mean of the five photographs whose noisy versions are nearest. The "
        "others learn nothing; they are told how strong the noise is, {sigma} after clipping."
    ): (
        "k-NN은 잡음 낀 사진이 가장 가까운 다섯 장의 깨끗한 사진을 평균한다. 나머지는 아무것도 "
        "학습하지 않으며 잡음의 세기(잘라낸 뒤 {sigma})를 알려 준다."
    ),
    "k-NN": "k-NN",
    "k-NN, augmented": "k-NN, 증강",
    "median": "중앙값 필터",
    "total variation": "총변동",
    "non-local means": "비지역 평균",
    "wavelet": "웨이블릿",
    "BM3D": "BM3D",
    "Photographs that nothing was learned from, restored by each.": (
        "아무것도 학습하지 않은 사진을 각 방법이 복원한 결과."
    ),
    "PSNR, training": "PSNR, 학습 사진",
    "SSIM, training": "SSIM, 학습 사진",
    "PSNR, test": "PSNR, 평가 사진",
    "SSIM, test": "SSIM, 평가 사진",
    "PSNR in decibels and SSIM are means over the photographs; higher is better.": (
        "PSNR(데시벨)과 SSIM은 사진들의 평균이며 높을수록 좋다."
    ),
    # --- c1-map -------------------------------------------------------------------------------
    (
        "As many numbers by jamjae's default network. What changed: dense layers that start as "
        "PCA, in place of convolutions."
    ): (
        "jamjae의 기본 신경망으로 같은 개수의 수를 구한다. 달라진 점: 합성곱 대신 PCA에서 출발하는 "
        "완전 연결층을 쓴다."
    ),
    "The maps": "지도",
    (
        "t-SNE lays out the first {n} rows by who is near whom: by their raw values, by PCA's "
        "numbers, and by the codes of either network."
    ): (
        "t-SNE는 처음 {n}개의 데이터를 누가 누구와 가까운지에 따라 배치한다. 원래 값, PCA의 수, 두 "
        "신경망의 잠재 표현을 각각 쓴다."
    ),
    "raw values": "원래 값",
    "t-SNE of the same rows, in the colours of their classes.": (
        "같은 데이터의 t-SNE 결과. 색은 부류를 나타낸다."
    ),
    (
        "k-NN is fitted to the training rows' numbers and finds the classes of the test rows. The "
        "hit of a map is the share of the five nearest points in it that are of a point's class."
    ): (
        "k-NN은 학습 데이터의 수로 학습하여 평가 데이터의 부류를 찾는다. 지도의 적중률은 지도에서 가장 "
        "가까운 다섯 점 가운데 같은 부류인 점의 비율이다."
    ),
    "1-NN accuracy": "1-NN 정확도",
    "5-NN accuracy": "5-NN 정확도",
    "neighborhood hit of the map": "지도의 이웃 적중률",
    # --- the tables of comparisons ------------------------------------------------------------
    "MSE, held-out rows": "MSE, 평가 데이터",
    "explained variance, training rows": "설명된 분산, 학습 데이터",
    "explained variance, held-out rows": "설명된 분산, 평가 데이터",
    "trustworthiness, training rows": "신뢰도, 학습 데이터",
    "trustworthiness, held-out rows": "신뢰도, 평가 데이터",
    "continuity, training rows": "연속성, 학습 데이터",
    "continuity, held-out rows": "연속성, 평가 데이터",
    "neighborhood recall, training rows": "이웃 재현율, 학습 데이터",
    "neighborhood recall, held-out rows": "이웃 재현율, 평가 데이터",
    "stress, training rows": "스트레스, 학습 데이터",
    "stress, held-out rows": "스트레스, 평가 데이터",
    "bits of code per value of the data": "데이터 값당 잠재 표현의 비트",
    "numbers stored by the fitted model": "학습된 모델이 보관하는 수",
    "time to fit (s)": "학습 시간",
    "time to transform one row (s)": "한 행을 변환하는 시간",
    "n/a": "불가",
    "no transform: n/a on held-out rows": "transform이 없어 평가 데이터에는 쓸 수 없다",
    "no usable inverse_transform: n/a for reconstruction": (
        "inverse_transform이 없어 복원할 수 없다"
    ),
}
