/** What the limits of an app may be, and which of them a change touches. */
import { expect, test } from 'bun:test'
import {
  NO_APP_LIMITS,
  NUMBER_LIMITS,
  NUMBER_LIMIT_NAMES,
  changedLimits,
  keptLimits,
  limitsFault,
  limitsOf,
} from '../../src/policy/app-limits.ts'

test.each(NUMBER_LIMIT_NAMES)('%s is a whole number within its bounds, or none', (name) => {
  const { max } = NUMBER_LIMITS[name]
  for (const value of [null, 0, 1, max]) expect(limitsFault({ [name]: value })).toBeUndefined()
  for (const value of [-1, 0.5, max + 1, Number.NaN, Infinity])
    expect(limitsFault({ [name]: value })).toContain(name)
})

test('origins are a list of origins as browsers send them', () => {
  for (const one of ['*', 'https://my.site', 'https://*.my.site', 'http://localhost:3000'])
    expect(limitsFault({ allowedOrigins: [one] })).toBeUndefined()
  for (const one of ['my.site', 'https://my.site/x', '', 'https://a b'])
    expect(limitsFault({ allowedOrigins: ['https://my.site', one] })).toContain('no origin')
  expect(limitsFault({ allowedOrigins: ['https://*'] })).toContain('names no host')
  expect(limitsFault({ allowedOrigins: [`https://${'a'.repeat(300)}.b`] })).toContain('longer')
  const written = { allowedOrigins: ['https://BÜCHER.example:443/'] }
  expect(keptLimits(written)).toEqual({ allowedOrigins: ['https://xn--bcher-kva.example'] })
  expect(limitsFault({ allowedOrigins: [] })).toBeString()
  expect(limitsFault({ allowedOrigins: null })).toBeUndefined()
  expect(limitsFault({ allowedOrigins: Array<string>(101).fill('*') })).toBeString()
})

test('a change touches only what differs', () => {
  const before = { ...NO_APP_LIMITS, maxChannels: 5, allowedOrigins: ['https://a'] }
  const same = { maxChannels: 5, messageRate: null, allowedOrigins: ['https://a'] }
  expect(changedLimits(before, same)).toEqual([])
  expect(changedLimits(before, {})).toEqual([])
  expect(changedLimits(before, { maxChannels: null, messageRate: 0 })).toEqual([
    'maxChannels',
    'messageRate',
  ])
  expect(changedLimits(before, { allowedOrigins: ['https://b'] })).toEqual(['allowedOrigins'])
})

test('clearing removes all limits and nothing else', () => {
  const limits = { ...NO_APP_LIMITS, diskMb: 3 }
  const app = { ...limits, name: 'shop' }
  expect(limitsOf(app)).toEqual(limits)
})
