/** Claims take no more memory than those that still count, and a little. */
import { expect, test } from 'bun:test'
import { Claims } from '../../src/cluster/claims.ts'

test('expired claims are forgotten', () => {
  let now = 0
  const claims = new Claims(() => now)
  for (let second = 0; second < 600; second++) {
    now = second * 1000
    for (const kind of ['short', 'long'])
      expect(claims.take(`${kind} ${second}`, kind === 'short' ? 1000 : 60_000)).toBe(true)
  }
  // Those of the last minute, and of each kind those of one slot more.
  expect(claims.size).toBeLessThanOrEqual(61 + 5 + 2 + 5)
  expect(claims.size).toBeGreaterThanOrEqual(61)
})
