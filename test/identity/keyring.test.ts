/** Sealing and digests under a master key. */
import { describe, expect, test } from 'bun:test'
import { hashAccessToken, newAccessToken } from '../../src/identity/access-token.ts'
import { Keyring } from '../../src/identity/keyring.ts'

const one = new Keyring(Buffer.alloc(32, 1))
const same = new Keyring(Buffer.alloc(32, 1))
const other = new Keyring(Buffer.alloc(32, 2))

const TEXTS = ['', 'k', 'a longer key with spaces', 'naïve ☃ 🗝', '\u0000\u001F', 'x'.repeat(10_000)]

describe('sealing', () => {
  test.each(TEXTS)('opens to what was sealed: %p', (text) => {
    expect(same.open(one.seal(text))).toBe(text)
  })

  test('seals the same text differently each time, and hides it', () => {
    const sealed = Array.from({ length: 100 }, () => one.seal('a key').toString('hex'))
    expect(new Set(sealed).size).toBe(100)
    expect(one.seal('a key in the clear').includes('key')).toBe(false)
  })

  test('cannot be opened with another master key', () => {
    expect(other.open(one.seal('a key'))).toBeUndefined()
  })

  test('detects a change of any bit', () => {
    const sealed = one.seal('a key')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(one.open(changed)).toBeUndefined()
    }
  })

  test('of truncated or invented data gives nothing and does not throw', () => {
    const sealed = one.seal('a key')
    for (let length = 0; length < sealed.length; length++)
      expect(one.open(sealed.subarray(0, length))).toBeUndefined()
    expect(one.open(Buffer.alloc(100))).toBeUndefined()
  })
})

describe('digests', () => {
  test('are equal for equal texts under one master key only', () => {
    for (const text of TEXTS) {
      expect(one.digest(text)).toHaveLength(32)
      expect(Buffer.from(one.digest(text)).equals(same.digest(text))).toBe(true)
      expect(Buffer.from(one.digest(text)).equals(other.digest(text))).toBe(false)
    }
    const digests = TEXTS.map((text) => Buffer.from(one.digest(text)).toString('hex'))
    expect(new Set(digests).size).toBe(TEXTS.length)
  })

  test('are not plain hashes, which could be guessed from a stolen database', () => {
    const plain = new Bun.CryptoHasher('sha256').update('a key').digest()
    expect(Buffer.from(one.digest('a key')).equals(plain)).toBe(false)
  })

  test('tell case and spaces apart (AC-31)', () => {
    const digest = (text: string) => Buffer.from(one.digest(text)).toString('hex')
    expect(
      new Set(['key', 'Key', 'key ', ' key', 'k\u0065\u0301y', 'k\u00e9y'].map(digest)).size,
    ).toBe(6)
  })
})

describe('access tokens', () => {
  test('are long, random and recognisable', () => {
    const tokens = Array.from({ length: 1000 }, newAccessToken)
    expect(new Set(tokens).size).toBe(1000)
    for (const token of tokens) expect(token).toMatch(/^lk_[\w-]{43}$/)
  })

  test('are looked up by their hash', () => {
    const token = newAccessToken()
    expect(hashAccessToken(token)).toHaveLength(32)
    expect(hashAccessToken(token).equals(hashAccessToken(token))).toBe(true)
    expect(hashAccessToken(token).includes(token.slice(3, 10))).toBe(false)
  })
})
