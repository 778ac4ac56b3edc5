/** Lines and dots over two axes, each series with its name at its right end. */
import { formatted } from './numbers.mjs'
import { apart, BOTTOM, colour, LINE, line, pixel, scaled, sheet, TOP, text, ticks, WIDTH } from './svg.mjs'

/**
 * @typedef {{ label: string, domain: import('./svg.mjs').Domain, at?: readonly number[] }} Axis `at`: ticks, where they are not round numbers
 *
 * @typedef {object} Series
 * @property {string[]} label lines
 * @property {readonly (readonly [number, number])[]} [line] points of a line
 * @property {readonly (readonly [number, number])[]} [dots]
 *
 * @typedef {object} LineChart
 * @property {string} title
 * @property {string} subtitle
 * @property {Axis} x
 * @property {Axis} y
 * @property {Series[]} series
 */

const HEIGHT = 420
const LEFT = 66
/** Pixels for labels at the right. */
const RIGHT = 214
const DOT = 3

/** @param {LineChart} chart */
export function lineChart({ title, subtitle, x, y, series }) {
  const placeX = scaled(x.domain, LEFT, WIDTH - RIGHT)
  const placeY = scaled(y.domain, HEIGHT - BOTTOM, TOP)
  const place = (/** @type {readonly [number, number]} */ [px, py]) =>
    /** @type {const} */ ([placeX(px), placeY(py)])
  const body = [
    ...axes(x, y, placeX, placeY),
    ...series.flatMap((one, index) => drawn(one, colour(index), place)),
    ...labels(series, place),
  ]
  return sheet({ title, subtitle, height: HEIGHT, body })
}

/**
 * @param {Axis} x
 * @param {Axis} y
 * @param {(value: number) => number} placeX
 * @param {(value: number) => number} placeY
 */
function axes(x, y, placeX, placeY) {
  const [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM]
  return [
    ...(y.at ?? ticks(y.domain)).flatMap((tick) => [
      line([LEFT, placeY(tick), right, placeY(tick)], 'grid'),
      text(LEFT - 8, placeY(tick) + 4, formatted(tick), 'text-anchor="end" class="quiet"'),
    ]),
    ...(x.at ?? ticks(x.domain)).flatMap((tick) => [
      line([placeX(tick), bottom, placeX(tick), bottom + 5], 'axis'),
      text(placeX(tick), bottom + 19, formatted(tick), 'text-anchor="middle" class="quiet"'),
    ]),
    line([LEFT, bottom, right, bottom], 'axis'),
    text((LEFT + right) / 2, HEIGHT - 10, x.label, 'text-anchor="middle"'),
    text(16, TOP - 14, y.label),
  ]
}

/**
 * @param {Series} series
 * @param {number} index of its colour
 * @param {(point: readonly [number, number]) => readonly [number, number]} place
 */
function drawn({ line: points = [], dots = [] }, index, place) {
  const path = points.map((point) => place(point).map(pixel).join(',')).join(' ')
  const circles = dots.map((dot) => {
    const [cx, cy] = place(dot)
    return `<circle cx="${pixel(cx)}" cy="${pixel(cy)}" r="${DOT}" class="f${index}"/>`
  })
  return [...(path ? [`<polyline points="${path}" class="thick s${index}"/>`] : []), ...circles]
}

/**
 * @param {Series[]} series
 * @param {(point: readonly [number, number]) => readonly [number, number]} place
 */
function labels(series, place) {
  const wanted = series.flatMap(({ label, line: points = [], dots = [] }, index) => {
    const last = points.at(-1) ?? dots.at(-1)
    return last ? [{ y: place(last)[1], lines: label, index }] : []
  })
  return apart(wanted, TOP, HEIGHT - BOTTOM).flatMap(({ y, lines, index }) =>
    lines.map((words, row) => {
      const middle = y + (row - (lines.length - 1) / 2) * LINE + 4
      return text(WIDTH - RIGHT + 10, middle, words, `class="f${colour(index)}"`)
    }),
  )
}
