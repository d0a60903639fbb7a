/** The list of protocols: names and wire formats are unique. */
import { expect, test } from 'bun:test'
import { ENCODERS, PROTOCOLS, notFound } from '../../src/assembly/protocols.ts'

test('no two protocols have a name or a wire format in common', () => {
  const names = PROTOCOLS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  const formats = PROTOCOLS.flatMap((protocol) => Object.keys(protocol.formats))
  expect(formats).toContain('itty')
  expect(ENCODERS.size).toBe(formats.length)
})

test('a path that nobody serves is answered in the form of the client’s protocol', () => {
  const base = 'http://localhost'
  const plain = new Request(`${base}/nowhere`)
  const ofSdk = new Request(`${base}/nowhere`, { headers: { 'x-ably-version': '6' } })
  expect(notFound(plain, base)).toBeUndefined()
  expect(notFound(ofSdk, base)?.status).toBe(404)
})
