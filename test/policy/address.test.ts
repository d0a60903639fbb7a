/** Addresses: what counts as one, ranges, and the client behind proxies. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  clientAddress,
  inRange,
  isPublicAddress,
  isCidr,
  limitKey,
  parseAddress,
  parseRange,
  proxyRanges,
} from '../../src/policy/address.ts'

describe('parseAddress', () => {
  test.each([
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '0'.repeat(32)],
    ['::1', '1'.padStart(32, '0')],
    ['2001:db8::ff', `20010db8${'0'.repeat(22)}ff`],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['fe80::1%eth0', `fe80${'0'.repeat(27)}1`],
    ['::ffff:10.0.0.1', '0a000001'],
    ['::FFFF:0a00:0001', '0a000001'],
    ['64:ff9b::1.2.3.4', '0064ff9b000000000000000001020304'],
  ])('%j is %s', (text, hex) => {
    expect(Buffer.from(parseAddress(text)!).toString('hex')).toBe(hex)
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.-4',
    '1.2.3.4 ',
    '0x7f.1.1.1',
    'localhost',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '::1.2.3',
    '1.2.3.4::',
    '1.2.3.4::5',
    '[::1]',
  ])('%j is not an address', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  test('any text gives 4 or 16 bytes, or nothing', () => {
    const text = fc.string({
      unit: fc.constantFrom('0', '1', 'f', ':', '.', '%', '/'),
      maxLength: 20,
    })
    fc.assert(
      fc.property(text, (candidate) => {
        const bytes = parseAddress(candidate)
        expect(bytes === undefined || bytes.length === 4 || bytes.length === 16).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

const inside = (address: string, range: string) =>
  inRange(parseAddress(address)!, parseRange(range)!)

describe('ranges', () => {
  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.0.0.0', '10.0.0.0/8', false],
    ['172.31.255.255', '172.16.0.0/12', true],
    ['172.32.0.0', '172.16.0.0/12', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.2', '192.0.2.1', false],
    ['1.2.3.4', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['1.2.3.4', '::/0', false],
    ['2001:db8:ffff::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['fdff::1', 'fc00::/7', true],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
  ])('%s in %s: %p', (address, range, expected) => {
    expect(inside(address, range)).toBe(expected)
  })

  test.each([
    '',
    '/',
    '1.2.3.4/',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '::/129',
    '1.2.3.4/8/8',
    'x/8',
    '1.2.3.4/a',
  ])('%j is not a range', (text) => {
    expect(isCidr(text)).toBe(false)
  })

  const ipv4 = fc.integer({ min: 0, max: 0xffffffff }).map((n) => n >>> 0)
  const dotted = (n: number) => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')

  test('an address is in a range exactly if the leading bits agree', () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (a, b, bits) => {
        // Half of the pairs agree in the leading bits.
        const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
        const near = ((a & mask) | (b & ~mask)) >>> 0
        expect(inside(dotted(near), `${dotted(a)}/${bits}`)).toBe(true)
        expect(inside(dotted(b), `${dotted(a)}/${bits}`)).toBe(((a ^ b) & mask) === 0)
      }),
    )
  })
})

describe('clientAddress', () => {
  const trusted = proxyRanges(['loopback', '10.0.0.0/8', '2001:db8::/32'])

  test.each([
    ['no header', '127.0.0.1', null, '127.0.0.1'],
    ['an untrusted peer', '8.8.8.8', '1.1.1.1', '8.8.8.8'],
    ['one proxy', '127.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['a chain of proxies', '127.0.0.1', '1.1.1.1, 10.0.0.2, 10.0.0.3', '1.1.1.1'],
    ['what a stranger wrote', '127.0.0.1', '9.9.9.9, 1.1.1.1', '1.1.1.1'],
    ['only proxies', '127.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['nonsense', '127.0.0.1', 'unknown', '127.0.0.1'],
    ['nonsense further left', '127.0.0.1', 'x, 10.0.0.2', '10.0.0.2'],
    ['an empty header', '127.0.0.1', '', '127.0.0.1'],
    ['a port', '127.0.0.1', '1.1.1.1:567', '1.1.1.1'],
    ['IPv6 with a port', '::1', '[2001:db9::1]:567', '2001:db9::1'],
    ['IPv6 in brackets', '::1', '[2001:db9::1]', '2001:db9::1'],
    ['a trusted IPv6 hop', '::1', '2001:db9::1, 2001:db8::5', '2001:db9::1'],
    ['a mapped peer', '::ffff:127.0.0.1', '1.1.1.1', '1.1.1.1'],
  ])('%s', (_case, peer, forwarded, client) => {
    expect(clientAddress(peer, forwarded, trusted)).toBe(client)
  })

  test('without trusted proxies the header is never believed', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(clientAddress('127.0.0.1', header, [])).toBe('127.0.0.1')
      }),
    )
  })

  test('entries that a client adds in front do not change the answer', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(clientAddress('127.0.0.1', `${header}, 1.1.1.1, 10.0.0.2`, trusted)).toBe('1.1.1.1')
      }),
    )
  })

  test('loopback and private stand for their ranges', () => {
    const within = (words: string[], address: string) =>
      proxyRanges(words).some((range) => inRange(parseAddress(address)!, range))
    expect(within(['loopback'], '127.9.9.9')).toBe(true)
    expect(within(['loopback'], '::1')).toBe(true)
    expect(within(['loopback'], '10.0.0.1')).toBe(false)
    for (const address of ['127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', 'fd00::1']) {
      expect(within(['private'], address)).toBe(true)
    }
    expect(within(['private'], '8.8.8.8')).toBe(false)
  })
})

test.each([
  ['8.8.8.8', true],
  ['2606:4700::1111', true],
  ['my.host', true],
  ['172.32.0.1', true],
  ['172.31.0.1', false],
  ['127.0.0.53', false],
  ['::ffff:192.168.1.1', false],
  ['fe80::1%eth0', false],
  ['fd12::1', false],
  ['169.254.1.1', false],
  ['100.100.1.1', false],
])('%s is public: %p', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic)
})

describe('limitKey', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ])('%j counts as %j', (address, key) => {
    expect(limitKey(address)).toBe(key)
  })

  const group = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16))
  const half = fc.array(group, { minLength: 4, maxLength: 4 }).map((parts) => parts.join(':'))

  test('addresses share a key exactly if they share their /64', () => {
    fc.assert(
      fc.property(half, half, half, half, (netA, hostA, netB, hostB) => {
        // Mapped IPv4 addresses are compared as a whole.
        fc.pre(!netA.startsWith('0:0:0:0') && !netB.startsWith('0:0:0:0'))
        expect(limitKey(`${netA}:${hostA}`)).toBe(limitKey(`${netA}:${hostB}`))
        const together = limitKey(`${netA}:${hostA}`) === limitKey(`${netB}:${hostB}`)
        expect(together).toBe(netA === netB)
      }),
    )
  })
})
