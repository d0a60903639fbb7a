/** Bodies on their way: what is kept of them, for how long, and who gives way. */
import { afterEach, describe, expect, test } from 'bun:test'
import type { Result } from '../../src/failure.ts'
import { Bodies, type BodyLimits, WAITING_BYTES } from '../../src/transport/bodies.ts'
import { FREE_CHUNKS, readChunks } from '../../src/transport/chunks.ts'
import type { Endpoint } from '../../src/protocol/protocol.ts'
import type { Listeners } from '../../src/transport/listen.ts'
import { eventually } from '../support/client.ts'
import { startFront } from '../support/front.ts'
import { RawSocket } from '../support/raw-socket.ts'

const ROOMY: BodyLimits = { maxBytes: 1_000_000, maxAddressBytes: 1_000_000, seconds: 30 }
const MAX = 1000

let listeners: Listeners | undefined
let release: (() => void) | undefined
afterEach(async () => {
  release?.()
  release = undefined
  await listeners?.stop()
  listeners = undefined
})

interface World {
  readonly port: number
  readonly bodies: Bodies
  /** Paths that were asked for, then what became of their bodies. */
  readonly seen: string[]
}

function start(limits: Partial<BodyLimits> = {}): World {
  const seen: string[] = []
  const bodies = new Bodies({ ...ROOMY, ...limits })
  const protocol: Endpoint = {
    name: 'echo',
    owns: () => true,
    serve: async (visit) => {
      seen.push(visit.path)
      if (visit.path === '/stays') {
        visit.keepOpen()
        seen.push(visit.request.bodyUsed ? 'dropped' : 'kept')
        await new Promise<void>((resolve) => (release = resolve))
        return new Response('stayed')
      }
      if (visit.path === '/unread') return new Response(null, { status: 401 })
      const read = await visit.body(MAX)
      seen.push(read.ok ? `read ${read.value.byteLength}` : read.failure.name)
      if (read.ok) return new Response(read.value as Uint8Array<ArrayBuffer>)
      return new Response(null, { status: read.failure.status })
    },
  }
  listeners = startFront(protocol, () => {}, bodies)
  return { port: listeners.port, bodies, seen }
}

const announced = (length: number, sent: string, path = '/x') =>
  `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${length}\r\n\r\n${sent}`
const CHUNKED = 'POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

describe('a body that comes with its head', () => {
  test('is not counted, and not limited by other bodies', async () => {
    const { port, bodies, seen } = start({
      maxBytes: WAITING_BYTES,
      maxAddressBytes: WAITING_BYTES,
    })
    const client = RawSocket.send(port, announced(MAX, 'x'.repeat(MAX)))
    expect(await client.answer()).toBe(200)
    expect(seen).toEqual(['/x', `read ${MAX}`])
    expect([bodies.bytes, bodies.senders]).toEqual([0, 0])
  })

  test('is refused unread if it is too large, and the connection stays', async () => {
    const { port, seen } = start()
    const client = RawSocket.send(port, announced(MAX + 1, 'x'.repeat(MAX + 1)))
    expect(await client.answer()).toBe(413)
    expect(seen).toEqual(['/x', 'message_too_large'])
    expect(client.isClosed).toBe(false)
  })
})

describe('a body that is on its way', () => {
  test('is counted by its size, with or without a length', async () => {
    const { port, bodies } = start()
    const told = RawSocket.send(port, announced(MAX, 'x'))
    await eventually(() => bodies.bytes === WAITING_BYTES + MAX, 'it counts as it is announced')
    const untold = RawSocket.send(port, CHUNKED + chunk('abc'))
    // Where there is nothing to go by, there is room for some at once.
    const both = 2 * (WAITING_BYTES + MAX)
    await eventually(() => bodies.bytes === both, 'it counts as it comes')
    told.write('x'.repeat(MAX - 1))
    untold.write(chunk('de') + chunk(''))
    expect([await told.answer(), await untold.answer()]).toEqual([200, 200])
    expect(untold.body).toBe('abcde')
    expect([bodies.bytes, bodies.senders]).toEqual([0, 0])
  })

  test('is not counted any more when the client hangs up', async () => {
    const { port, bodies, seen } = start()
    const told = RawSocket.send(port, announced(MAX, 'x'))
    const untold = RawSocket.send(port, CHUNKED + chunk('abc'))
    await eventually(() => bodies.bytes === 2 * (WAITING_BYTES + MAX), 'both are on their way')
    told.destroy()
    untold.destroy()
    await eventually(() => bodies.senders === 0, 'nothing is waited for')
    expect(bodies.bytes).toBe(0)
    expect(seen.filter((line) => line === 'bad_request')).toHaveLength(2)
  })

  test.each([
    ['with its length', announced(MAX, 'x')],
    ['in chunks', CHUNKED + chunk('x')],
  ])('is cut off when it takes too long, %s', async (_, text) => {
    const { port, bodies, seen } = start({ seconds: 0.2 })
    const client = RawSocket.send(port, text)
    expect(await client.answer()).toBe(408)
    expect(seen).toEqual(['/x', 'body_slow'])
    expect([bodies.bytes, bodies.senders]).toEqual([0, 0])
  })

  test('in chunks is read only up to its limit', async () => {
    const { port, bodies, seen } = start()
    const client = RawSocket.send(port, CHUNKED + chunk('x'.repeat(MAX)) + chunk('y'))
    expect(await client.answer()).toBe(413)
    expect(seen).toEqual(['/x', 'message_too_large'])
    expect(bodies.bytes).toBe(0)
  })

  test.each([
    ['is refused unread', CHUNKED.replace('/x', '/unread') + chunk('x'), 401],
    ['is for a host that is none', CHUNKED.replace('test', '[') + chunk('x'), 400],
    ['is too large', CHUNKED + chunk('x'.repeat(MAX + 1)), 413],
    ['takes too long', CHUNKED + chunk('x'), 408],
  ])('in chunks ends its connection where it %s', async (_, text, status) => {
    const { port } = start({ seconds: 0.2 })
    const client = RawSocket.send(port, text)
    expect(await client.answer()).toBe(status)
    await eventually(() => client.isClosed, 'the rest is not taken apart')
  })

  test('in chunks leaves its connection as it was once it has been read', async () => {
    const { port } = start()
    const client = RawSocket.send(port, CHUNKED + chunk('abc') + chunk(''))
    expect(await client.answer()).toBe(200)
    client.write(announced(1, 'z'))
    await eventually(() => client.body.includes('\r\n\r\nz'), 'the next request is answered')
    expect(client.isClosed).toBe(false)
  })

  test('is refused if its address has too many', async () => {
    const { port, bodies, seen } = start({ maxAddressBytes: 2 * (WAITING_BYTES + MAX) })
    const waiting = [1, 2].map(() => RawSocket.send(port, announced(MAX, 'x')))
    await eventually(() => bodies.bytes === 2 * (WAITING_BYTES + MAX), 'two are on their way')
    expect(await RawSocket.send(port, announced(MAX, 'x')).answer()).toBe(429)
    expect(seen.at(-1)).toBe('address_bodies')
    // Those before it go on, and one that is whole is not concerned.
    expect(await RawSocket.send(port, announced(2, 'ab')).answer()).toBe(200)
    for (const client of waiting) client.write('x'.repeat(MAX - 1))
    expect(await Promise.all(waiting.map((client) => client.answer()))).toEqual([200, 200])
  })

  test('is not buffered while the request waits for something else', async () => {
    const { port, seen } = start()
    const staying = RawSocket.send(port, announced(MAX, 'x', '/stays'))
    await eventually(() => seen.length === 2, 'it is looked at')
    expect(seen).toEqual(['/stays', 'dropped'])
    staying.write('x'.repeat(MAX - 1))
    release!()
    expect(await staying.answer()).toBe(200)
  })
})

describe('pieces of a body', () => {
  /** Pieces of a few bytes each, and how many were asked for. */
  function bytewise(count: number, size = 1) {
    const pieces = {
      asked: 0,
      read: () => {
        const done = pieces.asked++ === count
        return Promise.resolve({ done, ...(!done && { value: new Uint8Array(size).fill(65) }) })
      },
    }
    return pieces
  }

  test('are joined, with memory reserved first', async () => {
    const room: number[] = []
    const grow = (bytes: number) => room.push(bytes) > 0
    const read = await readChunks(bytewise(4000, 3), 20_000, grow)
    expect(read?.ok && Buffer.from(read.value).equals(Buffer.alloc(12_000, 'A'))).toBe(true)
    expect(room).toEqual([4096, 4096, 8192])
  })

  test('use no more memory than a whole body', async () => {
    const pieces = bytewise(1_000_000)
    const read = await readChunks(pieces, 1_000_000, () => true)
    expect(read).toMatchObject({ ok: false, failure: { name: 'bad_request' } })
    expect(pieces.asked).toBe(FREE_CHUNKS + 1_000_000 / 64 + 1)
  })

  test('are not read when there is no room', async () => {
    const pieces = bytewise(100_000)
    let grown = 0
    expect(await readChunks(pieces, 10_000, () => ++grown < 2)).toBeUndefined()
    expect(pieces.asked).toBe(4097)
  })
})

describe('when all bodies together are too much', () => {
  /** A body of which the test says when it comes. */
  class Sender {
    readonly address: string
    readonly request: Request
    #controller: ReadableStreamDefaultController<Uint8Array> | undefined

    constructor(address: string) {
      this.address = address
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.#controller = controller
        },
      })
      const headers = { 'transfer-encoding': 'chunked' }
      this.request = new Request('http://test', { method: 'POST', body, headers })
    }

    allowSilence(): void {}

    send(bytes: number): void {
      this.#controller!.enqueue(new Uint8Array(bytes))
    }

    end(): void {
      this.#controller!.close()
    }
  }

  const nameOf = (result: Result<Uint8Array>) => (result.ok ? 'read' : result.failure.name)

  test('the address that has most loses its oldest body', async () => {
    const bodies = new Bodies({ ...ROOMY, maxBytes: 5 * WAITING_BYTES })
    const receive = async (sender: Sender) =>
      nameOf(await bodies.receive(sender, undefined, 100_000))
    const hogs = [1, 2, 3].map(() => new Sender('192.0.2.1'))
    const results = hogs.map(receive)
    const others = [new Sender('192.0.2.2'), new Sender('192.0.2.3')]
    const good = others.map(receive)
    expect(bodies.bytes).toBe(5 * WAITING_BYTES)
    // The byte too many is of somebody who has little.
    others[0]!.send(1)
    expect(await results[0]!).toBe('bodies_full')
    expect(bodies.bytes).toBe(5 * WAITING_BYTES)
    others[1]!.send(1)
    expect(await results[1]!).toBe('bodies_full')
    for (const sender of [...others, hogs[2]!]) sender.end()
    expect(await Promise.all([...good, results[2]!])).toEqual(['read', 'read', 'read'])
    expect([bodies.bytes, bodies.senders]).toEqual([0, 0])
  })

  test('addresses of one IPv6 network count as one', async () => {
    const bodies = new Bodies({ ...ROOMY, maxAddressBytes: WAITING_BYTES })
    const first = new Sender('2001:db8::1')
    const read = bodies.receive(first, undefined, 100)
    const second = await bodies.receive(new Sender('2001:db8::2'), undefined, 100)
    expect(nameOf(second)).toBe('address_bodies')
    first.end()
    expect(nameOf(await read)).toBe('read')
  })
})
