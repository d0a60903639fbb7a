/** JSON as people write it who have other numbers, orders and ways to escape than JavaScript: texts for fast-check. */
import fc from 'fast-check'

const space = fc.constantFrom('', '', '', ' ', '\n  ', '\t')

/** Numbers that both formats can express. */
const plainNumber = fc.oneof(
  fc.constantFrom('0', '-0', '1.0', '-0.0', '1e2', '5E-3', '0.1', '1.50', '0.10000000000000001'),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
)
/** Numbers that only JSON can express. */
export const wildNumber = fc.oneof(
  fc.constantFrom('1e400', '-1e999', '1e-400', '18446744073709551617', '9007199254740993.0'),
  fc.bigInt({ min: 2n ** 64n, max: 2n ** 200n }).map((value) => `${(value | 1n) * 10n + 1n}`),
  fc.integer({ min: 1, max: 1_000_000_000 }).map((value) => `0.${value}00000000000000000000001`),
)

const escaped = fc.constantFrom('\\u0041', '\\/', '\\n', '\\"', '\\\\', '\\ud83d\\ude00', 'ö', '😀')
/** In their quotes. */
const quoted = fc
  .array(fc.oneof(escaped, fc.stringMatching(/^[a-z{}[\]:, ]{0,4}$/)), { maxLength: 4 })
  .map((parts) => `"${parts.join('')}"`)
/** Among them such as JavaScript puts first, and the same again and again. */
const name = fc.constantFrom('"b"', '"a"', '"10"', '"2"', '"\\u0061"', '"data"', '"__proto__"')

const joined = (open: string, close: string) => (parts: readonly string[]) =>
  open + parts.join(',') + close

function values(number: fc.Arbitrary<string>) {
  const { item } = fc.letrec<{ item: string }>((tie) => {
    const scalar = fc.oneof(number, quoted, fc.constantFrom('true', 'false', 'null'))
    const padded = fc.tuple(space, tie('item'), space).map((parts) => parts.join(''))
    const member = fc.tuple(space, name, space, padded).map(([a, b, c, d]) => `${a}${b}${c}:${d}`)
    return {
      item: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(padded, { maxLength: 4 }).map(joined('[', ']')),
        fc.array(member, { maxLength: 4 }).map(joined('{', '}')),
      ),
    }
  })
  return item
}

/** Any value, as only JSON has it. */
export const anyJson = values(fc.oneof(plainNumber, wildNumber))
/** Values that MessagePack has as well. */
export const commonJson = values(plainNumber)

/** Objects and arrays alone. */
export const anyStructure = fc.oneof(
  fc.array(anyJson, { maxLength: 5 }).map(joined('[', ']')),
  fc.array(fc.tuple(name, anyJson), { maxLength: 5 }).map((members) => objectText(members)),
)

export function objectText(members: readonly (readonly [string, string])[]): string {
  return joined('{', '}')(members.map(([key, value]) => `${key}:${value}`))
}
