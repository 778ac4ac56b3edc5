// What somebody types as a value for the store: JSON where it is JSON, else the text as it is.

/** Decimal digits that any number keeps on its way through a double (IEEE 754: 15 survive both ways). */
const EXACT_DIGITS_MAX = 15

/** A number that JavaScript would change (an id of 20 digits, 1e400) makes all of it text: nothing else comes back than was typed. */
export function typedValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return numbersIn(text).every(isExact) ? value : text
  } catch {
    // Not JSON is an answer here, not an error.
    return text
  }
}

/** Of JSON, outside its strings. */
function numbersIn(json: string): readonly string[] {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? []
}

function isExact(number: string): boolean {
  const value = Number(number)
  if (/^-?\d+$/.test(number)) return Number.isSafeInteger(value)
  const digits = number
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '')
  return Number.isFinite(value) && digits.length <= EXACT_DIGITS_MAX
}
