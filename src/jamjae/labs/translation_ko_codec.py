"""Korean translations of sentences about codecs."""

CODEC: dict[str, str] = {
    "Images compressed to bytes, beside image formats and PCA": (
        "이미지를 바이트로 압축하기: 이미지 형식, PCA와 비교"
    ),
    (
        "The chapter compresses a row to {k} components. Each is a 32-bit number, so a code takes "
        "{size} bytes."
    ): (
        "교재에서는 데이터 하나를 {k}개의 성분으로 압축한다. 성분마다 32비트 수이므로 잠재 표현 "
        "하나는 {size}바이트이다."
    ),
    "Codecs": "코덱",
    (
        "A codec is trained for few bytes and a small error together. Its codes are rounded to "
        "whole numbers, and a model of the codes gives the number of bits that each of them takes. "
        "One codec is asked for the error of the chapter's network, the others for a number of "
        "bytes."
    ): (
        "코덱은 적은 바이트와 작은 오차를 함께 목표로 학습한다. 잠재 표현을 정수로 반올림하며, 각 "
        "정수가 몇 비트를 차지하는지는 잠재 표현의 모델이 정한다. 코덱 하나는 교재의 신경망과 같은 "
        "오차를, 나머지는 정해진 바이트 수를 목표로 한다."
    ),
    "At the chapter's error": "교재와 같은 오차에서",
    "bytes per row": "데이터당 바이트",
    "Codec as the chapter": "Codec, 교재와 같은 오차",
    "PCA as the chapter": "PCA, 교재와 같은 오차",
    (
        "Bytes are those of a file of {n} test rows with its headers, divided by their number. "
        "PCA has the same rounding and the same entropy coder, and the ideal length of its codes "
        "counts. What decoding needs of the codec itself is not counted: its file of {content} "
        "bytes is stored once. The components of the chapter's network are neither rounded nor "
        "coded."
    ): (
        "바이트 수는 평가 데이터 {n}개를 담은 파일의 크기를 머리글까지 포함하여 개수로 나눈 "
        "값이다. PCA도 같은 반올림과 같은 엔트로피 부호화를 거치며, 그 부호의 이상적인 길이로 "
        "계산했다. 복호화에 필요한 코덱 자체는 포함하지 않는다. {content}바이트로 한 번만 저장하면 "
        "된다. "
        "교재 신경망의 성분은 반올림하거나 부호화하지 않았다."
    ),
    "Bytes and errors": "바이트와 오차",
    "Codec": "Codec",
    "PCA": "PCA",
    "WebP, one file": "WebP, 한 파일",
    "WebP, one file 0": "WebP, 한 파일 0",
    "WebP, one file 10": "WebP, 한 파일 10",
    "WebP, one file 20": "WebP, 한 파일 20",
    "WebP, one file 40": "WebP, 한 파일 40",
    "Error over bytes: lower and further left is better.": (
        "바이트 수에 따른 오차. 아래쪽과 왼쪽일수록 좋다."
    ),
    (
        "In the table, the number after a format is its quality; after Codec and PCA it is the "
        "requested bytes. Image formats write a file with a header for each image. As images of "
        "this size are hardly larger than such a header, WebP is also given all images side by "
        "side in one file. PNG is lossless."
    ): (
        "표에서 형식 이름 뒤의 수는 품질이고, Codec과 PCA 뒤의 수는 목표로 한 바이트 수이다. "
        "이미지 형식은 이미지마다 머리글이 있는 파일을 만든다. 이만한 크기의 이미지는 머리글보다 "
        "그리 크지 않으므로, 모든 이미지를 한 파일에 담은 WebP도 함께 잰다. PNG는 손실이 없다."
    ),
    "{size} bytes": "{size}바이트",
    "Test images and their reconstructions; the last row is the smallest that WebP can write.": (
        "평가 이미지와 그것을 복원한 결과. 맨 아래는 WebP의 가장 작은 파일이다."
    ),
}
