/**
 * What all plots share: the sheet with its title, scales, ticks, and labels that keep out of each other's way. A sheet
 * paints its own background in the reader's colour scheme, so it can be read on any page.
 */

/** Pixels. */
export const WIDTH = 760
export const TOP = 84
export const BOTTOM = 50
/** Pixels of a line of a label. */
export const LINE = 15

/** Colours in turn, for light and dark. The first is ours. */
const COLOURS = [
  ['#0550ae', '#79c0ff'],
  ['#bc4c00', '#ffa657'],
  ['#116329', '#56d364'],
  ['#8250df', '#d2a8ff'],
  ['#a40e26', '#ff7b72'],
  ['#57606a', '#afb8c1'],
  ['#7d6608', '#e3b341'],
  ['#0a7272', '#39c5cf'],
]

/**
 * @param {object} sheet
 * @param {string} sheet.title
 * @param {string} sheet.subtitle
 * @param {number} sheet.height
 * @param {string[]} sheet.body
 */
export function sheet({ title, subtitle, height, body }) {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style()}</style>`,
    `<rect class="sheet" width="${WIDTH}" height="${height}"/>`,
    text(16, 26, title, 'class="title"'),
    text(16, 46, subtitle, 'class="quiet"'),
    ...body,
    '</svg>',
  ].join('\n')}\n`
}

function style() {
  const scheme = (/** @type {0 | 1} */ index) => {
    const [sheet, ink, quiet, grid] = /** @type {const} */ ([
      ['#ffffff', '#1f2328', '#57606a', '#d8dee4'],
      ['#0d1117', '#e6edf3', '#9da7b1', '#2d333b'],
    ])[index]
    return [
      `.sheet{fill:${sheet}}text{fill:${ink}}.quiet{fill:${quiet}}.grid{stroke:${grid}}.axis{stroke:${quiet}}.bound{stroke:${ink}}`,
      ...COLOURS.map(
        (colours, i) => `.f${i}{fill:${colours[index]}}.s${i}{stroke:${colours[index]};fill:none}`,
      ),
    ].join('')
  }
  return [
    'text{font:12px system-ui,sans-serif}.title{font-size:16px;font-weight:600}',
    'line,polyline{stroke-width:1}.thick{stroke-width:2;stroke-linejoin:round}.bound{stroke-dasharray:2 3}',
    scheme(0),
    `@media(prefers-color-scheme:dark){${scheme(1)}}`,
  ].join('')
}

/** @param {number} index of a series */
export function colour(index) {
  return index % COLOURS.length
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} words
 * @param {string} [attributes]
 */
export function text(x, y, words, attributes = '') {
  return `<text x="${pixel(x)}" y="${pixel(y)}"${attributes && ` ${attributes}`}>${escaped(words)}</text>`
}

/**
 * @param {readonly [number, number, number, number]} ends x1, y1, x2, y2
 * @param {string} name class
 */
export function line([x1, y1, x2, y2], name) {
  return `<line x1="${pixel(x1)}" y1="${pixel(y1)}" x2="${pixel(x2)}" y2="${pixel(y2)}" class="${name}"/>`
}

/** A tenth of a pixel is enough, and the same everywhere. @param {number} value */
export function pixel(value) {
  return String(Math.round(value * 10) / 10)
}

/**
 * @typedef {{ scale: 'linear' | 'log', min: number, max: number }} Domain
 * @param {Domain} domain
 * @param {number} from pixels
 * @param {number} to
 * @returns {(value: number) => number} what is below or above is drawn at the edge
 */
export function scaled({ scale, min, max }, from, to) {
  const place = scale === 'log' ? Math.log10 : (/** @type {number} */ value) => value
  const [low, high] = [place(min), place(max)]
  return (value) => {
    const share = (place(Math.min(max, Math.max(min, value))) - low) / (high - low)
    return from + share * (to - from)
  }
}

/**
 * Round numbers of a domain: about five of a linear one, 1, 2 and 5 of each decade of a logarithmic one.
 *
 * @param {Domain} domain
 */
export function ticks({ scale, min, max }) {
  if (scale === 'log') {
    const decades = Array.from({ length: 16 }, (_, index) => 10 ** (index - 5))
    const factors = max / min > 5_000 ? [1] : [1, 2, 5]
    return decades
      .flatMap((decade) => factors.map((factor) => exact(decade * factor)))
      .filter((tick) => tick >= min && tick <= max)
  }
  const step = roundStep((max - min) / 5)
  const first = Math.ceil(exact(min / step))
  const count = Math.floor(exact(max / step)) - first + 1
  return Array.from({ length: count }, (_, index) => exact((first + index) * step))
}

/**
 * The next of 1, 2, 5, 10, … that is not smaller.
 *
 * @param {number} step
 */
export function roundStep(step) {
  const decade = 10 ** Math.floor(Math.log10(step))
  const factor = [1, 2, 5, 10].find((candidate) => candidate * decade >= step * 0.999_999) ?? 10
  return exact(factor * decade)
}

/** Without the last binary digits, that 0.1 + 0.2 be 0.3. @param {number} value */
function exact(value) {
  return Number(value.toPrecision(12))
}

/**
 * Moves labels apart that would overlap, within an upper and a lower edge.
 *
 * @template {{ y: number, lines: string[] }} T
 * @param {readonly T[]} labels with the middle where each wants to be
 * @param {number} top
 * @param {number} bottom
 * @returns {T[]}
 */
export function apart(labels, top, bottom) {
  const placed = [...labels].sort((a, b) => a.y - b.y).map((label) => ({ ...label }))
  const half = (/** @type {T} */ { lines }) => (lines.length * LINE) / 2
  let edge = top
  for (const label of placed) {
    label.y = Math.max(label.y, edge + half(label))
    edge = label.y + half(label)
  }
  edge = bottom
  for (const label of placed.reverse()) {
    label.y = Math.min(label.y, edge - half(label))
    edge = label.y - half(label)
  }
  return placed.reverse()
}

/** @param {string} words */
function escaped(words) {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
