// What the page says, in both of its languages.

const WORDS = {
  language: ["Language", "언어"],
  theme: ["Theme", "화면"],
  auto: ["as the system", "시스템 설정"],
  light: ["light", "밝게"],
  dark: ["dark", "어둡게"],
  map: ["Map of the codes", "코드의 지도"],
  layout: ["Layout", "배치"],
  colour: ["Colour", "색"],
  lasso: ["Lasso", "올가미"],
  nearer: ["Zoom in", "확대"],
  farther: ["Zoom out", "축소"],
  whole: ["Whole map", "전체 보기"],
  legend: ["Classes: press to hide or show", "클래스: 눌러서 숨기거나 보이기"],
  keys: [
    "Drag to move, scroll or pinch to zoom, click to choose. Keys: arrows move the pointer, + and − zoom, 0 shows all, Enter chooses the nearest row.",
    "끌면 이동, 스크롤하거나 두 손가락으로 확대, 누르면 선택. 키보드: 화살표로 이동, +와 −로 확대·축소, 0은 전체, Enter는 가장 가까운 행 선택.",
  ],
  here: ["At the pointer", "가리킨 곳"],
  start: ["Point at the map.", "지도를 가리키세요."],
  decodes_code: [
    "Any place of this map is a code, and is decoded as it is.",
    "이 지도의 모든 점은 그 자체가 코드이며 그대로 복호화됩니다.",
  ],
  decodes_plane: [
    "A place of this map is decoded through the inverse of the PCA: all other directions at their mean.",
    "지도의 점은 PCA의 역변환으로 코드가 됩니다. 나머지 방향은 평균값입니다.",
  ],
  decodes_nearest: [
    "A place of this map is decoded as the mean of the {n} nearest codes, weighted by distance.",
    "지도의 점은 가장 가까운 {n}개 코드를 거리로 가중 평균하여 복호화합니다.",
  ],
  decodes_grid: [
    "This page cannot compute the decoder ({why}). Shown is the nearest of {n} × {n} places that were decoded beforehand.",
    "이 페이지는 디코더를 계산할 수 없습니다({why}). 미리 복호화한 {n} × {n}개 지점 중 가장 가까운 것을 보여 줍니다.",
  ],
  near: ["Near the data.", "데이터 가까이입니다."],
  far: ["Far from all data: what you see is invented.", "데이터에서 멉니다: 보이는 것은 지어낸 것입니다."],
  row: ["Row {n}", "행 {n}"],
  chosen: ["Row {n}, chosen", "선택한 행 {n}"],
  original: ["original", "원본"],
  model: ["jamjae", "jamjae"],
  pca: ["PCA", "PCA"],
  mse: ["MSE {e}", "MSE {e}"],
  class: ["Class", "클래스"],
  class_tab: ["Class", "클래스"],
  walk_tab: ["Walk", "산책"],
  sliders_tab: ["Sliders", "슬라이더"],
  noise_tab: ["Noise", "잡음"],
  everything: ["all rows", "모든 행"],
  spread: ["Spread", "퍼짐"],
  again: ["New variations", "새로운 변형"],
  representative: ["mean of {n}", "{n}개의 평균"],
  nearest: ["nearest row", "가장 가까운 행"],
  from: ["From: click the map", "시작: 지도를 누르세요"],
  to: ["To: click the map", "끝: 지도를 누르세요"],
  along: ["Way", "길"],
  start_of: ["from", "시작"],
  end_of: ["to", "끝"],
  between: ["{p} % of the way", "{p} % 지점"],
  components: [
    "Each slider moves one number of the code of the chosen row, within 3 deviations of the data.",
    "슬라이더마다 선택한 행의 코드에서 숫자 하나를 데이터의 표준편차 3배 안에서 움직입니다.",
  ],
  directions: [
    "Each slider moves the code of the chosen row along one of the directions in which codes vary most, within 3 deviations.",
    "슬라이더마다 선택한 행의 코드를 코드가 가장 많이 변하는 방향 하나를 따라 표준편차 3배 안에서 움직입니다.",
  ],
  centre: ["Back to the row", "행으로 돌아가기"],
  turned: ["decoded", "복원"],
  strength: ["Noise, of the range", "잡음(범위 대비)"],
  anew: ["New noise", "새로운 잡음"],
  noise: ["noisy", "잡음 섞임"],
  restored: ["restored", "복원"],
  noisy: [
    "Normal noise is added to the chosen row, clipped to the data's range; the page encodes and decodes it. Its encoder is rounded to 7 bits. Errors are those to the original.",
    "선택한 행에 정규 잡음을 더해 데이터 범위로 자른 뒤 페이지가 부호화하고 복호화합니다. 인코더는 7비트로 반올림되어 있습니다. 오차는 원본과의 차이입니다.",
  ],
  no_decoder: [
    "Classes, walks, sliders and noise need a decoder that the page can compute; this one holds {why}.",
    "클래스, 산책, 슬라이더, 잡음에는 페이지가 계산할 수 있는 디코더가 필요합니다. 이 디코더에는 {why}이(가) 있습니다.",
  ],
  no_encoder: [
    "Noise needs an encoder that the page can compute; this one holds {why}.",
    "잡음에는 페이지가 계산할 수 있는 인코더가 필요합니다. 이 인코더에는 {why}이(가) 있습니다.",
  ],
  levels: ["Pictures are kept in {n} levels of brightness.", "그림은 밝기 {n}단계로 저장되어 있습니다."],
  lassoed: ["{n} rows in the lasso", "올가미 안의 행 {n}개"],
  mean_of: ["their mean", "평균"],
  summary: [
    "{rows} rows of {shape}, {k} numbers each. MSE {e} (PCA {p})",
    "{shape} 데이터 {rows}개, 코드 {k}차원. MSE {e} (PCA {p})",
  ],
  some_of: ["{rows} of {all}", "{all}개 중 {rows}"],
  pixels: ["{s} pixels", "{s} 픽셀"],
  features: ["{s} features", "특성 {s}개"],
  error: ["error", "오차"],
  pca_error: ["error of PCA", "PCA의 오차"],
  y: ["class", "클래스"],
  y_value: ["value", "값"],
  none: ["nothing", "없음"],
  unlabelled: ["no label", "레이블 없음"],
  old: [
    "This browser is too old for the page (it lacks DecompressionStream). Please use a newer one.",
    "브라우저가 너무 오래되었습니다(DecompressionStream 없음). 새 버전을 사용하세요.",
  ],
};

let language = 0;

function say(name, values = {}) {
  return WORDS[name][language].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

function speak() {
  document.documentElement.lang = language ? "ko" : "en";
  for (const at of document.querySelectorAll("[data-word]")) at.textContent = say(at.dataset.word);
  for (const at of document.querySelectorAll("[data-title]")) {
    at.title = say(at.dataset.title);
    at.setAttribute("aria-label", at.title);
  }
  for (const at of document.querySelectorAll("[data-label]"))
    at.setAttribute("aria-label", say(at.dataset.label));
}

function figures(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(2) : `${+value.toPrecision(3)}`;
}
