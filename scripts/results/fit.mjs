/** Least squares of y = a + b·log₂ N: what a cost of O(log N) looks like on a logarithmic axis is a straight line. */

/** Different N that a fit takes: through two any line goes. */
const SIZES_MIN = 3

/**
 * @typedef {{ a: number, b: number, r2: number }} Fit `r2` is the share of the variance that the line explains
 * @param {readonly (readonly [number, number])[]} points N and y
 * @returns {Fit | null} null for fewer than three different N
 */
export function logFit(points) {
  if (new Set(points.map(([n]) => n)).size < SIZES_MIN) return null
  const xs = points.map(([n]) => Math.log2(n))
  const ys = points.map(([, y]) => y)
  const [meanX, meanY] = [mean(xs), mean(ys)]
  const b = sumOf(xs, (x, i) => (x - meanX) * (at(ys, i) - meanY)) / sumOf(xs, (x) => (x - meanX) ** 2)
  const a = meanY - b * meanX
  const left = sumOf(xs, (x, i) => (at(ys, i) - a - b * x) ** 2)
  const all = sumOf(ys, (y) => (y - meanY) ** 2)
  return { a, b, r2: all === 0 ? 1 : 1 - left / all }
}

/** @param {readonly number[]} values */
function mean(values) {
  return sumOf(values, (value) => value) / values.length
}

/**
 * @param {readonly number[]} values
 * @param {(value: number, index: number) => number} term
 */
function sumOf(values, term) {
  return values.reduce((sum, value, index) => sum + term(value, index), 0)
}

/**
 * @param {readonly number[]} values
 * @param {number} index
 */
function at(values, index) {
  return values[index] ?? Number.NaN
}
