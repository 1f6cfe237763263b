// The sentences of the page, in English and Korean.

const TRANSLATIONS = {
  language: ["Language", "언어"],
  theme: ["Theme", "화면"],
  auto: ["as the system", "시스템 설정"],
  light: ["light", "밝게"],
  dark: ["dark", "어둡게"],
  map: ["Map of the codes", "코드의 지도"],
  layout: ["Layout", "배치"],
  color: ["Color", "색"],
  lasso: ["Lasso", "올가미"],
  nearer: ["Zoom in", "확대"],
  farther: ["Zoom out", "축소"],
  whole: ["Whole map", "전체 보기"],
  legend: ["Classes: click to hide or show", "클래스: 눌러서 숨기거나 보이기"],
  keys: [
    "Drag to pan, scroll or pinch to zoom, click to select a row. Keyboard: arrows move the pointer, + and − zoom, 0 shows the whole map, Enter selects the nearest row.",
    "끌면 이동, 스크롤하거나 두 손가락으로 확대, 누르면 행 선택. 키보드: 화살표로 이동, +와 −로 확대·축소, 0은 전체, Enter는 가장 가까운 행 선택.",
  ],
  here: ["At the pointer", "가리킨 곳"],
  start: ["Move the pointer over the map.", "지도 위로 포인터를 옮기세요."],
  decodes_code: [
    "Each point of this map is a code, and is decoded as it is.",
    "이 지도의 모든 점은 그 자체가 코드이며 그대로 복호화됩니다.",
  ],
  decodes_plane: [
    "Points of this map are decoded through the inverse of the PCA, with all other directions at their mean.",
    "지도의 점은 PCA의 역변환으로 코드가 됩니다. 나머지 방향은 평균값입니다.",
  ],
  decodes_nearest: [
    "Points of this map are decoded from the mean of the {n} nearest codes, weighted by inverse squared distance.",
    "지도의 점은 가장 가까운 {n}개 코드를 거리 제곱의 역수로 가중 평균하여 복호화합니다.",
  ],
  decodes_grid: [
    "This page cannot compute the decoder ({why}). It shows the nearest of {n} × {n} points that were decoded in advance.",
    "이 페이지는 디코더를 계산할 수 없습니다({why}). 미리 복호화한 {n} × {n}개 지점 중 가장 가까운 것을 보여 줍니다.",
  ],
  shading: ["Density", "밀도"],
  shaded_code: [
    "Shades: log density of the codes ({kind}), from {low} to {high} nats.",
    "음영: 코드의 로그 밀도({kind}), {low}에서 {high}내트까지.",
  ],
  shaded_plane: [
    "Shades: log density of the codes ({kind}) as projected onto this map, from {low} to {high} nats.",
    "음영: 이 지도에 투영한 코드의 로그 밀도({kind}), {low}에서 {high}내트까지.",
  ],
  shaded_samples: [
    "Shades: log density of the codes ({kind}) as projected onto this map, estimated from {n} samples, from {low} to {high} nats.",
    "음영: 이 지도에 투영한 코드의 로그 밀도({kind}), 표본 {n}개로 추정, {low}에서 {high}내트까지.",
  ],
  near: ["Near the data.", "데이터 가까이입니다."],
  far: ["Extrapolation: far from the data.", "외삽: 데이터에서 먼 곳입니다."],
  row: ["Row {n}", "행 {n}"],
  chosen: ["Row {n}, selected", "선택한 행 {n}"],
  original: ["original", "원본"],
  model: ["jamjae", "jamjae"],
  pca: ["PCA", "PCA"],
  mse: ["MSE {e}", "MSE {e}"],
  errors_image: [
    "Error: red where the original is brighter than its reconstruction, blue where it is darker; full color from {n} times what is normal.",
    "오차: 원본이 복원보다 밝은 곳은 빨강, 어두운 곳은 파랑. 보통 오차의 {n}배부터 가장 진합니다.",
  ],
  errors_table: [
    "Error: value minus reconstruction, the largest first, as multiples of what is normal.",
    "오차: 값에서 복원을 뺀 것으로, 큰 것부터, 보통 오차의 몇 배인지로 나타냅니다.",
  ],
  errors_normal: [
    "Normal is the root mean squared error of the detector's training rows.",
    "보통 오차는 탐지기가 학습한 행의 평균 제곱근 오차입니다.",
  ],
  errors_shown: [
    "Normal is the root mean squared error of the rows shown.",
    "보통 오차는 이 페이지에 보이는 행의 평균 제곱근 오차입니다.",
  ],
  verdict: ["p-value {p}: {what} (score {s})", "p값 {p}: {what} (점수 {s})"],
  verdict_score: ["score {s}: {what}", "점수 {s}: {what}"],
  anomaly: ["anomaly", "이상"],
  normal: ["normal", "정상"],
  anomalies: ["anomalies", "이상 여부"],
  p_value: ["p-value", "p값"],
  score: ["anomaly score (low: anomalous)", "이상 점수(낮을수록 이상)"],
  loadings_tab: ["Loadings", "적재량"],
  component: ["component {n}", "성분 {n}"],
  of_components: ["component of the code", "코드의 성분"],
  of_directions: ["principal direction of the codes", "코드의 주성분 방향"],
  loadings_image: [
    "How the decoded image changes with each {what}, at the row nearest to the pointer: red pixels become brighter, blue ones darker. Full color: a change of {e}, in the units of the data, per standard deviation.",
    "포인터에 가장 가까운 행에서 {what}마다 복호화한 이미지가 어떻게 바뀌는지 보여 줍니다. 빨간 픽셀은 밝아지고 파란 픽셀은 어두워집니다. 가장 진한 색: 표준편차당 데이터 단위로 {e}.",
  ],
  loadings_table: [
    "How each feature changes with each {what}, at the row nearest to the pointer: red grows, blue falls. Full color: {e} standard deviations of the feature per standard deviation of the codes.",
    "포인터에 가장 가까운 행에서 {what}마다 각 특성이 어떻게 바뀌는지 보여 줍니다. 빨강은 커지고 파랑은 작아집니다. 가장 진한 색: 코드의 표준편차당 특성의 표준편차 {e}.",
  ],
  class: ["Class", "클래스"],
  class_tab: ["Class", "클래스"],
  samples_tab: ["New samples", "새 표본"],
  walk_tab: ["Interpolation", "보간"],
  sliders_tab: ["Sliders", "슬라이더"],
  noise_tab: ["Noise", "잡음"],
  everything: ["all rows", "모든 행"],
  spread: ["Spread", "퍼짐"],
  again: ["New variations", "새로운 변형"],
  representative: ["mean of {n}", "{n}개의 평균"],
  nearest: ["nearest row", "가장 가까운 행"],
  all_classes: ["all, in their shares", "모두(비율대로)"],
  temperature: ["Temperature", "온도"],
  seed: ["Seed", "시드"],
  draw: ["Draw", "새로 뽑기"],
  drawn: ["{n} samples drawn with seed {seed}.", "시드 {seed}(으)로 표본 {n}개를 뽑았습니다."],
  sample: ["sample {n}", "표본 {n}"],
  row_short: ["row {n}", "행 {n}"],
  beside_image: [
    "Left: a new sample, decoded from a new code. Right: the nearest of this page's {n} rows, by the distance between codes.",
    "왼쪽: 새 코드를 복호화한 새 표본. 오른쪽: 이 페이지의 행 {n}개 가운데 코드 사이의 거리가 가장 가까운 행.",
  ],
  beside_table: [
    "Bars: a new sample, decoded from a new code. Lines: the nearest of this page's {n} rows, by the distance between codes.",
    "막대: 새 코드를 복호화한 새 표본. 선: 이 페이지의 행 {n}개 가운데 코드 사이의 거리가 가장 가까운 행.",
  ],
  drawn_here: [
    "Codes are drawn by this page from the model's density ({kind}). A temperature below 1 gives more typical and less varied samples. The same seed gives the same samples.",
    "코드는 모델의 밀도({kind})에서 이 페이지가 직접 뽑습니다. 온도가 1보다 낮으면 더 전형적이고 덜 다양해집니다. 시드가 같으면 표본도 같습니다.",
  ],
  drawn_before: [
    "This page does not compute the model's density ({kind}): the codes were drawn from it in advance, {n} for each class and {n} of all, at temperature 1. The same seed gives the same samples.",
    "이 페이지는 모델의 밀도({kind})를 계산하지 않습니다. 코드는 클래스마다 {n}개, 전체에서 {n}개를 온도 1로 미리 뽑아 둔 것입니다. 시드가 같으면 표본도 같습니다.",
  ],
  kind_gaussian: ["gaussian", "정규 분포"],
  kind_mixture: ["gaussian mixture", "가우스 혼합"],
  kind_kernel: ["kernel density", "커널 밀도"],
  kind_flow: ["rectified flow", "정류 흐름"],
  kind_prior: ["prior of the variational autoencoder", "변분 오토인코더의 사전 분포"],
  from: ["From: click the map", "시작: 지도를 누르세요"],
  to: ["To: click the map", "끝: 지도를 누르세요"],
  along: ["Position", "위치"],
  start_of: ["from", "시작"],
  end_of: ["to", "끝"],
  between: ["{p} % of the way", "{p} % 지점"],
  components: [
    "Each slider changes one component of the selected row's code, within 3 standard deviations.",
    "슬라이더마다 선택한 행의 코드에서 성분 하나를 표준편차 3배 안에서 바꿉니다.",
  ],
  directions: [
    "Each slider moves the selected row's code along one principal direction of the codes, within 3 standard deviations.",
    "슬라이더마다 선택한 행의 코드를 코드의 주성분 방향 하나를 따라 표준편차 3배 안에서 움직입니다.",
  ],
  centre: ["Reset", "초기화"],
  turned: ["decoded", "복호화"],
  strength: ["Noise (share of the data's range)", "잡음(데이터 범위 대비)"],
  anew: ["New noise", "새로운 잡음"],
  noise: ["noisy", "잡음 섞임"],
  denoised: ["denoised", "잡음 제거"],
  noisy: [
    "Gaussian noise is added to the selected row, which is clipped to the data's range, encoded and decoded by this page. The encoder's weights are rounded to 7 bits. Errors are measured against the original.",
    "선택한 행에 정규 잡음을 더해 데이터 범위로 자른 뒤 이 페이지가 부호화하고 복호화합니다. 인코더의 가중치는 7비트로 반올림되어 있습니다. 오차는 원본과의 차이입니다.",
  ],
  quality_tab: ["Quality", "품질"],
  step: ["Step of rounding", "반올림 간격"],
  bytes: ["{n} bytes", "{n}바이트"],
  mean_bytes: [
    "All rows shown: {b} bytes on average, MSE {e}. The sizes are those of the codes; the codec itself is not counted. Reconstructions by PCA are not rounded.",
    "보이는 모든 행: 평균 {b}바이트, MSE {e}. 크기는 코드만의 것이며 코덱 자체는 세지 않습니다. PCA의 복원은 반올림하지 않은 것입니다.",
  ],
  no_decoder: [
    "Classes, samples, interpolation, sliders and noise need a decoder that this page can compute; this model's contains {why}.",
    "클래스, 표본, 보간, 슬라이더, 잡음에는 페이지가 계산할 수 있는 디코더가 필요합니다. 이 디코더에는 {why}이(가) 있습니다.",
  ],
  no_encoder: [
    "Noise needs an encoder that this page can compute; this model's contains {why}.",
    "잡음에는 페이지가 계산할 수 있는 인코더가 필요합니다. 이 인코더에는 {why}이(가) 있습니다.",
  ],
  levels: ["Images are stored in {n} levels of brightness.", "이미지는 밝기 {n}단계로 저장되어 있습니다."],
  own_units: [
    "Values are in the units of the table; of a category the most likely one is shown, with the model's share for it, and the line marks the share of the original's. Errors are of columns divided by their standard deviation.",
    "값은 표의 단위입니다. 범주는 가장 그럴듯한 것과 모델이 준 몫을 보여 주며, 선은 원본 범주의 몫입니다. 오차는 열을 표준편차로 나눈 값의 오차입니다.",
  ],
  imputed: [
    "Missing values of {n} rows are shown as the model imputes them.",
    "행 {n}개의 결측값은 모델이 대체한 값입니다.",
  ],
  lassoed: ["{n} rows in the lasso", "올가미 안의 행 {n}개"],
  mean_of: ["their mean", "평균"],
  summary: [
    "{rows} rows of {shape}, {k} components. MSE {e} (PCA {p})",
    "{shape} 데이터 {rows}개, 코드 {k}차원. MSE {e} (PCA {p})",
  ],
  some_of: ["{rows} of {all}", "{all}개 중 {rows}"],
  pixels: ["{s} pixels", "{s} 픽셀"],
  features: ["{s} features", "특성 {s}개"],
  error: ["error", "오차"],
  pca_error: ["error of PCA", "PCA의 오차"],
  y: ["class", "클래스"],
  y_value: ["value", "값"],
  none: ["none", "없음"],
  unlabelled: ["no label", "레이블 없음"],
  old: [
    "This browser is too old for this page: it lacks DecompressionStream. Use a newer browser.",
    "브라우저가 너무 오래되었습니다(DecompressionStream 없음). 새 버전을 사용하세요.",
  ],
};

let language = 0;

function translate(name, values = {}) {
  return TRANSLATIONS[name][language].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

function translatePage() {
  document.documentElement.lang = language ? "ko" : "en";
  for (const at of document.querySelectorAll("[data-word]")) at.textContent = translate(at.dataset.word);
  for (const at of document.querySelectorAll("[data-title]")) {
    at.title = translate(at.dataset.title);
    at.setAttribute("aria-label", at.title);
  }
  for (const at of document.querySelectorAll("[data-label]"))
    at.setAttribute("aria-label", translate(at.dataset.label));
}

function figures(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(2) : `${+value.toPrecision(3)}`;
}
