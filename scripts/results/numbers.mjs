/** Numbers as people read them, the same on every machine. */
import { roundStep } from './svg.mjs'

/** Digits after the point at most. */
const DIGITS_MAX = 6

/**
 * Thousands apart; three digits or more, and never so few that a value looks like a whole number, or like the bound that
 * it misses, when it is not.
 *
 * @param {number} value
 * @param {number} [bound]
 */
export function formatted(value, bound) {
  for (let digits = digitsOf(value); ; digits++) {
    const text = value.toFixed(digits)
    const isExact = digits >= DIGITS_MAX || Number(text) === value
    const looksWhole = Number.isInteger(Number(text)) && Math.abs(value) < 100
    if (isExact || !(looksWhole || Number(text) === bound)) return grouped(text)
  }
}

/** @param {number} value */
function digitsOf(value) {
  const size = Math.abs(value)
  if (size >= 100) return 0
  return size >= 10 ? 1 : 3
}

/** @param {string} text of a number */
function grouped(text) {
  const [whole = '', part = ''] = text.split('.')
  const digits = part.replace(/0+$/, '')
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (digits && `.${digits}`)
}

/**
 * Where an axis that shows this value ends.
 *
 * @param {number} value
 */
export function roundedUp(value) {
  const step = roundStep(value / 5)
  return Number((Math.ceil(value / step - 1e-9) * step).toPrecision(12))
}
