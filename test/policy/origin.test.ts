/** The allow-list of origins. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  isOriginAllowed,
  nearMiss,
  readOriginList,
  readOriginPattern,
} from '../../src/policy/origin.ts'

describe('isOriginAllowed', () => {
  const site = ['https://my.site', 'https://*.other.site:8443']

  test.each([
    ['no origin at all, from a program', null, [], true],
    ['everything', 'https://any.example', ['*'], true],
    ['the null origin of a file, under *', 'null', ['*'], true],
    ['nothing on the list', 'https://my.site', [], false],
    ['the same origin', 'https://my.site', site, true],
    ['the same in capitals', 'HTTPS://My.Site', site, true],
    ['another scheme', 'http://my.site', site, false],
    ['another port', 'https://my.site:444', site, false],
    ['a subdomain that nobody listed', 'https://a.my.site', site, false],
    ['a name that ends alike', 'https://notmy.site', site, false],
    ['a name that goes on', 'https://my.site.evil', site, false],
    ['a starred subdomain', 'https://a.other.site:8443', site, true],
    ['two labels under a star', 'https://a.b.other.site:8443', site, true],
    ['the bare domain of a star', 'https://other.site:8443', site, false],
    ['an empty label under a star', 'https://.other.site:8443', site, false],
    ['a star with another port', 'https://a.other.site', site, false],
    ['a star with another scheme', 'http://a.other.site:8443', site, false],
    ['a starred name that ends alike', 'https://aother.site:8443', site, false],
    ['the null origin', 'null', site, false],
    ['an empty origin', '', site, false],
  ])('%s', (_case, origin, allowed, expected) => {
    expect(isOriginAllowed(origin, allowed)).toBe(expected)
  })

  test('a wildcard admits only its scheme and subdomains', () => {
    const origin = fc.string({ unit: fc.constantFrom('a', '.', ':', '/', 'h'), maxLength: 12 })
    fc.assert(
      fc.property(origin, (text) => {
        if (!isOriginAllowed(text, ['h://*.a'])) return
        expect(text).toStartWith('h://')
        expect(text).toEndWith('.a')
      }),
      { numRuns: 2000 },
    )
  })
})

const READ: readonly (readonly [written: string, read: string])[] = [
  ['*', '*'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['https://b%C3%BCcher.example', 'https://xn--bcher-kva.example'],
  ['https://*.Straße.example:443', 'https://*.xn--strae-oqa.example'],
  ['https://my.site:443', 'https://my.site'],
  ['https://my.site:0443', 'https://my.site'],
  ['http://my.site:80/', 'http://my.site'],
  ['http://my.site:443', 'http://my.site:443'],
  ['HTTPS://My.Site/', 'https://my.site'],
  ['https://*.MY.site', 'https://*.my.site'],
  ['https://my.site:', 'https://my.site'],
  ['http://127.1:3000', 'http://127.0.0.1:3000'],
  ['http://[0:0:0:0:0:0:0:1]:3000', 'http://[::1]:3000'],
  ['capacitor://localhost', 'capacitor://localhost'],
  ['chrome-extension://ABCDEF', 'chrome-extension://abcdef'],
]

describe('an entry of the list', () => {
  test.each(READ)('%s is read as what browsers write, %s', (written, read) => {
    expect(readOriginPattern(written)).toEqual({ ok: true, value: read })
    expect(readOriginPattern(read)).toEqual({ ok: true, value: read })
  })

  test.each([
    ['https://*', '"*" stands for all origins'],
    ['http://*/', '"*" stands for all origins'],
    ['https://*:8443', '"*" stands for all origins'],
    ['https://my.*', 'may only stand before the name'],
    ['https://a.*.site', 'may only stand before the name'],
    ['https://*.*.site', 'may only stand before the name'],
    ['https://*my.site', 'may only stand before the name'],
    ['https://my.site:*', 'may only stand before the name'],
    ['https://*.1.2.3.4', 'whose host cannot be'],
    ['https://*.[::1]', 'whose host cannot be'],
    ['https://my.site:99999', 'whose host cannot be'],
    ['https://1.2.3.999', 'whose host cannot be'],
    ['wss://my.site', 'the origin of a page begins with https://'],
    ['ws://my.site', 'the origin of a page begins with http://'],
    ['file://my.site', 'which no page has as its origin'],
    ['my.site', 'which is no origin such as https://my.site'],
    ['*.my.site', 'which is no origin'],
    ['https://my.site/page', 'which is no origin'],
    ['https://ann@my.site', 'which is no origin'],
    ['https://my.site?x', 'which is no origin'],
    ['https://', 'which is no origin'],
    ['', 'which is no origin'],
  ])('%s can never match and is refused', (entry, why) => {
    const read = readOriginPattern(entry)
    expect(read).toMatchObject({ ok: false, failure: { name: 'invalid' } })
    if (!read.ok) expect(read.failure.message).toContain(why)
  })

  test('matches the origin of a browser however it was written', () => {
    const label = fc.string({
      unit: fc.constantFrom('a', 'B', 'é', 'ü', '7'),
      minLength: 1,
      maxLength: 5,
    })
    const port = fc.constantFrom('', ':443', ':80', ':8443', ':')
    const scheme = fc.constantFrom('http', 'https', 'HTTPS')
    fc.assert(
      fc.property(scheme, label, port, fc.boolean(), (name, host, end, isStarred) => {
        const site = `${host}.Example${end}`
        const page = URL.parse(`${name}://${isStarred ? 'www.' : ''}${site}/page`)
        const read = readOriginList([`${name}://${isStarred ? '*.' : ''}${site}`])
        // A host that browsers refuse is refused.
        expect(read.ok).toBe(page !== null)
        if (read.ok) expect(isOriginAllowed(page!.origin, read.value)).toBe(true)
      }),
    )
  })

  test('is listed once', () => {
    const list = ['https://a.site', 'https://A.site:443/', 'https://b.site']
    expect(readOriginList(list)).toEqual({ ok: true, value: ['https://a.site', 'https://b.site'] })
  })
})

test.each([
  ['http://my.site', 'https://my.site', 'another scheme'],
  ['https://my.site:8443', 'https://my.site', 'another port'],
  ['http://my.site:8080', 'https://my.site', 'another scheme and another port'],
  ['https://my.site', 'https://*.my.site', 'no name before it'],
  ['https://www.my.site', 'https://my.site', 'a name before it'],
  ['https://my.site', 'https://www.my.site', 'a part of its name only'],
  ['http://a.my.site', 'https://*.my.site', 'another scheme'],
  ['https://other.site', 'https://my.site', undefined],
  ['https://notmy.site', 'https://my.site', undefined],
  ['null', 'https://my.site', undefined],
])('%s misses %s by %s', (origin, entry, difference) => {
  const told = difference && `${entry} is allowed, and this has ${difference}`
  expect(nearMiss(origin, ['https://elsewhere.test', entry])).toBe(told)
})
