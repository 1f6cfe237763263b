"""Korean translations of the labs' sentences, keyed by the English."""

from jamjae.labs.translation_ko_codec import CODEC
from jamjae.labs.translation_ko_generation import GENERATION

KOREAN: dict[str, str] = {
    **GENERATION,
    **CODEC,
    # --- of every lab -------------------------------------------------------------------------
    "A quick run with few rows and epochs: the numbers only show that it works.": (
        "적은 데이터와 에포크로 빠르게 실행한 결과이다. 수치는 동작을 확인하는 용도일 뿐이다."
    ),
    "This run was interrupted. Missing: {named}.": "실행이 중단되었다. 빠진 부분: {named}.",
    "{source}: {train} training rows and {test} test rows of {shape} values each.": (
        "{source}: 학습용 {train}개, 평가용 {test}개, 각각 {shape}개의 값으로 이루어진다."
    ),
    "MSE is the mean squared error per value ({unit}).": (
        "MSE는 값 하나당 평균 제곱 오차이다({unit})."
    ),
    "pixels in [0, 1]": "화소는 0에서 1 사이",
    "in squared units of the data": "데이터 단위의 제곱",
    "Test rows, and their reconstructions by each model.": "평가 데이터와 각 모델의 복원 결과.",
    "The same rows, embedded in two dimensions by each method.": (
        "같은 데이터를 각 방법으로 2차원에 나타낸 결과."
    ),
    "Training loss per epoch, for pixels from 0 to 255.": "에포크별 손실. 화소는 0에서 255 사이.",
    "Training images, their codes and their reconstructions.": (
        "학습 이미지와 잠재 표현, 복원 이미지."
    ),
    "Test images, their codes and their reconstructions.": "평가 이미지와 잠재 표현, 복원 이미지.",
    "network": "신경망",
    "layer": "층",
    "output": "출력",
    "parameters": "매개변수",
    "encoder": "인코더",
    "decoder": "디코더",
    "total": "합계",
    "all": "전체",
    "seed": "시드",
    "time": "시간",
    "recorded": "기록",
    "original": "원본",
    "code": "잠재 표현",
    "reconstruction": "복원",
    "reconstructed": "복원",
    "denoised": "잡음 제거",
    "data": "데이터",
    "final loss": "최종 손실",
    "MSE, training rows": "MSE, 학습 데이터",
    "MSE, test rows": "MSE, 평가 데이터",
    "training time (s)": "학습 시간(초)",
    "The data": "데이터",
    "The chapter's network": "교재의 신경망",
    "the chapter's network": "교재의 신경망",
    "the chapter's dense network": "교재의 다층 퍼셉트론",
    "the chapter's convolutional network": "교재의 합성곱 신경망",
    "jamjae's default": "jamjae의 기본 모델",
    "jamjae": "jamjae",
    "Comparison with PCA": "PCA와 비교",
    "Comparison": "비교",
    "Comparison with the classical methods": "고전적 방법과 비교",
    # --- the list of labs ---------------------------------------------------------------------
    "The chapter's experiments, compared with classical methods": (
        "교재의 실험과 고전적 방법의 비교"
    ),
    "Each page is self-contained and works offline.": (
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
    "Images compressed to 100 and 25 components by PCA": (
        "PCA로 이미지를 100개와 25개의 성분으로 압축하기"
    ),
    "A rolled sheet, embedded by the classical methods": "말린 종이를 고전적 방법으로 펼치기",
    "A rolled sheet, compressed to two components by 17 parameters": (
        "매개변수 17개로 말린 종이를 두 개의 성분으로 압축하기"
    ),
    "A rolled sheet, compressed to two components by 41 parameters": (
        "매개변수 41개로 말린 종이를 두 개의 성분으로 압축하기"
    ),
    "Images compressed to 64 components by dense networks": (
        "다층 퍼셉트론으로 이미지를 64개의 성분으로 압축하고 복원하기"
    ),
    "Images compressed to 64 components by convolutional networks": (
        "합성곱 신경망으로 이미지를 64개의 성분으로 압축하고 복원하기"
    ),
    "New images from the mean code of a class": "부류의 평균 잠재 표현에서 새 이미지 만들기",
    "Given features and learned features": "주어진 특징과 학습한 특징",
    "Denoising photographs": "사진에서 잡음 없애기",
    "A t-SNE map of clothes, from their codes": "잠재 표현의 t-SNE로 그린 옷의 지도",
    # --- pca-compression ----------------------------------------------------------------------
    "Compressed by PCA": "PCA로 압축하기",
    (
        "PCA keeps the directions in which the data vary most. The code of an image has one "
        "component per direction. Drawn as an image itself, a code shows nothing that can be "
        "recognized."
    ): (
        "PCA는 데이터가 가장 크게 변하는 방향만 남긴다. 이미지의 잠재 표현은 방향마다 하나의 "
        "성분을 갖는다. 잠재 표현을 다시 이미지로 그려 보면 무엇인지 알아볼 수 없다."
    ),
    "Fifty images, their codes of {k} components, and their reconstructions by PCA.": (
        "이미지 50장과 {k}개의 성분으로 된 잠재 표현, PCA가 복원한 이미지."
    ),
    "Reconstruction error": "복원 오차",
    "components": "성분의 개수",
    "explained variance": "설명된 분산",
    # --- manifolds ----------------------------------------------------------------------------
    "The rolled sheet": "말린 종이",
    "The rolled sheet.": "말린 종이.",
    "A sheet is rolled up in three dimensions. Its color shows the position along the sheet.": (
        "종이 한 장이 3차원 공간에 말려 있다. 색은 종이를 따라간 위치를 나타낸다."
    ),
    "PCA and kernel PCA": "PCA와 커널 PCA",
    (
        "PCA is a linear projection, so the sheet stays rolled up. Kernel PCA is nonlinear, but "
        "which kernel helps is not known beforehand."
    ): (
        "PCA는 선형 투영이므로 종이는 말린 채로 남는다. 커널 PCA는 비선형이지만 어떤 커널이 "
        "도움이 되는지 미리 알 수 없다."
    ),
    "Methods that use neighbors": "이웃을 이용하는 방법",
    (
        "LLE, Isomap and t-SNE only use which points are near each other. Isomap unrolls the "
        "sheet. None of the three can map points of the plane back to the sheet."
    ): (
        "LLE, Isomap, t-SNE는 어떤 점들이 서로 가까운지만 이용한다. Isomap은 종이를 펼친다. "
        "그러나 셋 다 평면의 점을 다시 종이로 보낼 수는 없다."
    ),
    # --- 12-1 and 12-2 ------------------------------------------------------------------------
    "{n} points of a rolled sheet are encoded in two components and decoded to three dimensions.": (
        "말린 종이 위의 점 {n}개를 두 개의 성분으로 부호화하고 다시 3차원으로 복호화한다."
    ),
    "median of 15 seeds": "시드 15개의 중앙값",
    "best seed": "가장 좋은 시드",
    "worst seed": "가장 나쁜 시드",
    "Training loss per epoch, for the median seed.": "에포크별 손실(중앙값 시드).",
    "Codes of the roll, for the median seed.": "말린 종이의 잠재 표현(중앙값 시드).",
    (
        "The same points and the same number of components. What changed: the network starts as "
        "PCA and has hidden layers with GELU, the data are scaled, and Adam's learning rate "
        "rises and falls over a number of epochs that jamjae chooses."
    ): (
        "같은 점, 같은 개수의 성분을 쓴다. 달라진 점: 신경망이 PCA에서 출발하며 GELU 은닉층을 "
        "갖고, 데이터의 척도를 맞추며, Adam의 학습률이 jamjae가 정한 에포크 동안 올랐다가 "
        "내려간다."
    ),
    "reconstructed by the chapter's network": "교재의 신경망이 복원",
    "reconstructed by jamjae": "jamjae가 복원",
    "The roll, and its reconstructions from two components per point.": (
        "말린 종이와, 점마다 두 개의 성분에서 복원한 결과."
    ),
    "MSE, training points": "MSE, 학습한 점",
    "MSE, new points": "MSE, 새로운 점",
    # --- 12-3 ---------------------------------------------------------------------------------
    (
        "The same images and the same number of components. What changed: the network starts as "
        "PCA, encoder and decoder have one wide hidden layer with GELU each, pixels are divided "
        "by 255, and Adam's learning rate rises and falls over 20 epochs."
    ): (
        "같은 이미지, 같은 개수의 성분을 쓴다. 달라진 점: 신경망이 PCA에서 출발하고 인코더와 "
        "디코더가 넓은 GELU 은닉층을 하나씩 가지며, 화소를 255로 나누고, Adam의 학습률이 20 "
        "에포크 동안 올랐다가 내려간다."
    ),
    (
        "With the same number of components, PCA takes a fraction of the time. A network is "
        "worth training only if its error is lower."
    ): (
        "PCA는 같은 개수의 성분을 훨씬 짧은 시간에 구한다. 신경망은 오차가 더 작을 때만 학습할 "
        "가치가 있다."
    ),
    (
        "The same images and the same number of components. What changed: for images of this "
        "size jamjae uses dense layers that start as PCA. They train in a fraction of the time "
        "that convolutions take."
    ): (
        "같은 이미지, 같은 개수의 성분을 쓴다. 달라진 점: 이 크기의 이미지에 jamjae는 PCA에서 "
        "출발하는 완전 연결층을 쓴다. 합성곱보다 훨씬 짧은 시간에 학습한다."
    ),
    "Comparison with the dense network and PCA": "다층 퍼셉트론, PCA와 비교",
    # --- 12-4 ---------------------------------------------------------------------------------
    "{n} rows of the class {title} are encoded. The mean of their codes represents the class.": (
        "부류 {title}의 데이터 {n}개를 부호화한다. 잠재 표현의 평균이 부류를 대표한다."
    ),
    "Fifty of the codes, drawn as images.": "이미지로 나타낸 잠재 표현 50개.",
    "mean code": "평균 잠재 표현",
    "The mean code, and the image decoded from it.": "평균 잠재 표현과, 이를 복호화한 이미지.",
    "Fifty new images: each component of the mean code times 1 + {spread}·N(0, 1), decoded.": (
        "새 이미지 50장: 평균 잠재 표현의 각 성분에 1 + {spread}·N(0, 1)을 곱해 복호화했다."
    ),
    "Each class: its mean code, decoded, then variations of it.": (
        "모든 부류: 평균 잠재 표현을 복호화한 결과와 그 변형."
    ),
    "Each class: its mean code, decoded.": "모든 부류: 평균 잠재 표현을 복호화한 결과.",
    (
        "The same with jamjae's default network and the same number of components. What changed: "
        "it starts as PCA, and its codes can be negative. Multiplication varies each component "
        "around its mean, whatever its sign."
    ): (
        "jamjae의 기본 신경망과 같은 개수의 성분으로 반복한다. 달라진 점: PCA에서 출발하며 잠재 "
        "표현이 음수일 수도 있다. 곱셈은 부호와 관계없이 각 성분을 평균 주위에서 변화시킨다."
    ),
    # --- features -----------------------------------------------------------------------------
    (
        "A point of the roll has three coordinates, but on the sheet it has only two: its "
        "position along the sheet and its height. These two are the given features."
    ): (
        "말린 종이의 점은 세 개의 좌표를 갖지만 종이 위에서는 두 개, 곧 종이를 따라간 위치와 "
        "높이뿐이다. 이 둘이 주어진 특징이다."
    ),
    "The given features: position along the sheet, and height.": (
        "주어진 특징: 종이를 따라간 위치와 높이."
    ),
    "An encoder with given features": "특징이 주어진 인코더",
    (
        "The encoder learns to predict these features, while the decoder learns to reconstruct "
        "the point from them. For new points the features are not given."
    ): (
        "인코더는 이 특징을 예측하도록, 디코더는 특징에서 점을 복원하도록 학습한다. 새로운 "
        "점에서는 특징이 주어지지 않는다."
    ),
    "An encoder that learns its own features": "스스로 특징을 학습하는 인코더",
    "Without given features, the same network only has to reconstruct the points.": (
        "특징이 주어지지 않으면 같은 신경망은 점을 복원하기만 하면 된다."
    ),
    "given features": "주어진 특징",
    "learned features": "학습한 특징",
    "Codes of new points, on which neither was trained.": (
        "둘 다 학습에 쓰지 않은 새로운 점의 잠재 표현."
    ),
    "features explained": "설명된 특징의 비율",
    "trustworthiness, new points": "신뢰도, 새로운 점",
    # --- a2-denoise ---------------------------------------------------------------------------
    "The photographs": "사진",
    "clean": "깨끗함",
    "noisy": "잡음",
    "The training photographs and their noisy versions.": "학습 사진과 잡음을 더한 사진.",
    "The chapter's network, without augmentation": "교재의 신경망, 데이터 증강 없이",
    "Training loss per epoch, on pairs of noisy and clean photographs.": (
        "잡음 낀 사진과 깨끗한 사진의 쌍에 대한 에포크별 손실."
    ),
    "without augmentation": "증강 없음",
    "with augmentation": "증강 있음",
    "The chapter's network, with augmentation": "교재의 신경망, 데이터 증강과 함께",
    (
        "Each photograph is rotated, zoomed, sheared, shifted and flipped at random every time, "
        "and its noise is drawn anew: {n} pairs per epoch."
    ): (
        "매번 사진을 무작위로 회전, 확대, 전단, 이동, 반전하고 잡음도 새로 더한다. 에포크마다 "
        "{n}쌍이다."
    ),
    "the chapter's network, augmented": "교재의 신경망, 증강",
    "Noisy training photographs, their codes of 1,024 components, and denoised photographs.": (
        "잡음을 더한 학습 사진과 1,024개의 성분으로 된 잠재 표현, 잡음을 없앤 결과."
    ),
    "Noisy test photographs, their codes of 1,024 components, and denoised photographs.": (
        "잡음을 더한 평가 사진과 1,024개의 성분으로 된 잠재 표현, 잡음을 없앤 결과."
    ),
    (
        "What changed: thirty photographs are few, but they contain many patches. An autoencoder "
        "of patches of 12 × 12 pixels, with codes of 36 components (about 1,000 per photograph), "
        "learns from patches in all eight orientations. Each denoised pixel is the mean over all "
        "patches that cover it. The training data are the same thirty photographs."
    ): (
        "달라진 점: 사진 30장은 적지만 그 안의 조각은 많다. 12 × 12 화소 조각을 36개의 성분으로 "
        "나타내는 오토인코더가(사진 한 장에 약 1,000개) 여덟 방향으로 놓은 조각들에서 학습한다. "
        "각 화소는 그 화소를 덮는 모든 조각의 결과를 평균한 값이 된다. 학습에 쓴 것은 같은 사진 "
        "30장이다."
    ),
    "codes of patches": "조각의 잠재 표현",
    "Noisy training photographs, the codes of their patches, and denoised photographs.": (
        "잡음을 더한 학습 사진과 조각들의 잠재 표현, 잡음을 없앤 결과."
    ),
    "Noisy test photographs, the codes of their patches, and denoised photographs.": (
        "잡음을 더한 평가 사진과 조각들의 잠재 표현, 잡음을 없앤 결과."
    ),
    "The classical methods": "고전적 방법",
    (
        "k-NN returns the mean of the five training photographs whose noisy versions are "
        "nearest. The other methods need no training, but are given the standard deviation of "
        "the noise, {sigma} after clipping."
    ): (
        "k-NN은 잡음 낀 사진이 가장 가까운 학습 사진 다섯 장을 평균한다. 나머지 방법은 학습이 "
        "필요 없지만 잡음의 표준 편차(잘라낸 뒤 {sigma})를 알아야 한다."
    ),
    "k-NN": "k-NN",
    "k-NN, augmented": "k-NN, 증강",
    "median": "중앙값 필터",
    "total variation": "총변동",
    "non-local means": "비지역 평균",
    "wavelet": "웨이블릿",
    "BM3D": "BM3D",
    "Test photographs, denoised by each method.": "평가 사진에서 각 방법이 잡음을 없앤 결과.",
    "PSNR, training": "PSNR, 학습 사진",
    "SSIM, training": "SSIM, 학습 사진",
    "PSNR, test": "PSNR, 평가 사진",
    "SSIM, test": "SSIM, 평가 사진",
    "PSNR (in decibels) and SSIM are means over the photographs. Higher is better.": (
        "PSNR(데시벨)과 SSIM은 사진들의 평균이며 높을수록 좋다."
    ),
    # --- c1-map -------------------------------------------------------------------------------
    (
        "The same number of components with jamjae's default network. What changed: dense layers "
        "that start as PCA replace the convolutions."
    ): (
        "jamjae의 기본 신경망으로 같은 개수의 성분을 구한다. 달라진 점: 합성곱 대신 PCA에서 "
        "출발하는 완전 연결층을 쓴다."
    ),
    "The maps": "지도",
    (
        "t-SNE embeds the first {n} rows so that near rows stay near: from their raw values, "
        "from their PCA components, and from the codes of each network."
    ): (
        "t-SNE는 가까운 데이터가 가까이 남도록 처음 {n}개의 데이터를 배치한다. 원래 값, PCA의 "
        "성분, 두 신경망의 잠재 표현을 각각 쓴다."
    ),
    "raw values": "원래 값",
    "t-SNE of the same rows. Colors show the classes.": (
        "같은 데이터의 t-SNE 결과. 색은 부류를 나타낸다."
    ),
    (
        "k-NN is fitted to the codes of the training rows and predicts the classes of the test "
        "rows. The neighborhood hit of a map is the share of each point's five nearest neighbors "
        "that belong to its class."
    ): (
        "k-NN은 학습 데이터의 잠재 표현으로 학습하여 평가 데이터의 부류를 예측한다. 지도의 이웃 "
        "적중률은 각 점의 가장 가까운 다섯 이웃 가운데 같은 부류인 점의 비율이다."
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
