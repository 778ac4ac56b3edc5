/** Lying bars from zero, each with its name before and its value behind. */
import { formatted, roundedUp } from './numbers.mjs'
import { BOTTOM, colour, line, pixel, scaled, sheet, TOP, text, ticks, WIDTH } from './svg.mjs'

/**
 * @typedef {object} BarChart
 * @property {string} title
 * @property {string} subtitle
 * @property {string} label of the axis
 * @property {{ label: string, value: number, isOurs: boolean }[]} bars
 */

const LEFT = 230
const RIGHT = 70
/** Pixels of a bar with the space about it. */
const BAR = 28
const SPACE = 8

/** @param {BarChart} chart */
export function barChart({ title, subtitle, label, bars }) {
  const height = TOP + bars.length * BAR + BOTTOM
  const bottom = height - BOTTOM
  const domain = /** @type {const} */ ({
    scale: 'linear',
    min: 0,
    max: roundedUp(Math.max(...bars.map(({ value }) => value))),
  })
  const place = scaled(domain, LEFT, WIDTH - RIGHT)
  const body = [
    ...ticks(domain).flatMap((tick) => [
      line([place(tick), TOP, place(tick), bottom], 'grid'),
      text(place(tick), bottom + 19, formatted(tick), 'text-anchor="middle" class="quiet"'),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, height - 10, label, 'text-anchor="middle"'),
    ...bars.flatMap((bar, index) => drawn(bar, TOP + index * BAR, place)),
    line([LEFT, TOP, LEFT, bottom], 'axis'),
  ]
  return sheet({ title, subtitle, height, body })
}

/**
 * @param {BarChart['bars'][number]} bar
 * @param {number} top
 * @param {(value: number) => number} place
 */
function drawn({ label, value, isOurs }, top, place) {
  const end = place(value)
  const thick = BAR - SPACE
  return [
    text(LEFT - 8, top + BAR / 2 + 4, label, 'text-anchor="end"'),
    `<rect x="${LEFT}" y="${pixel(top + SPACE / 2)}" width="${pixel(end - LEFT)}" height="${thick}" class="f${colour(isOurs ? 0 : 5)}"/>`,
    text(end + 6, top + BAR / 2 + 4, formatted(value)),
  ]
}
