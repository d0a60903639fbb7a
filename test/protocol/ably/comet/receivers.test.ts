/** Frames that polling requests have taken count for the connection until they are sent. */
import { describe, expect, test } from 'bun:test'
import { CometSocket } from '../../../../src/protocol/ably/comet/comet-socket.ts'
import {
  type FrameRequest,
  polling,
  streaming,
} from '../../../../src/protocol/ably/comet/receivers.ts'

const FRAME = JSON.stringify({ action: 15, data: 'x'.repeat(100_000) })
const MAX = 1_000_000

function world() {
  let drained = 0
  const socket = new CometSocket({
    id: 1,
    address: '127.0.0.1',
    maxBacklogBytes: MAX,
    onAbandoned: () => undefined,
    onRequested: () => undefined,
    punish: () => undefined,
    onDrained: () => void drained++,
    onEnd: () => undefined,
  })
  const streamed = (): FrameRequest => {
    const request: FrameRequest = streaming({
      roomBytes: MAX,
      onTaken: () => void drained++,
      onGone: () => socket.release(request.receiver),
    })
    return request
  }
  const kinds = { polling: () => polling(() => void drained++), streaming: streamed }
  return { drained: () => drained, kinds, socket }
}

async function bodyOf({ body }: FrameRequest): Promise<ReadableStream<Uint8Array>> {
  const made = await body
  if (typeof made === 'string') throw new Error('it was made at once')
  return made
}

describe.each(['polling', 'streaming'] as const)('%s', (kind) => {
  test('unread answers of all requests together are bounded', async () => {
    const { kinds, socket } = world()
    const bodies: ReadableStream<Uint8Array>[] = []
    for (let i = 0; i < 30 && !socket.isEnded; i++) {
      const request = kinds[kind]()
      socket.receive(request.receiver)
      for (let n = 0; n < 3; n++) socket.send(FRAME)
      bodies.push(await bodyOf(request))
    }
    expect(socket.isEnded).toBe(true)
    expect(bodies.length).toBeLessThan(6)
    expect(socket.waitingBytes).toBeLessThan(MAX + 4 * FRAME.length)
  })

  test('answers that are read or abandoned make room', async () => {
    const { drained, kinds, socket } = world()
    for (let i = 0; i < 20; i++) {
      const request = kinds[kind]()
      socket.receive(request.receiver)
      for (let n = 0; n < 3; n++) socket.send(FRAME)
      const body = await bodyOf(request)
      socket.release(request.receiver)
      request.receiver.end()
      const before = drained()
      if (i % 2 === 0) expect((await new Response(body).text()).length).toBeGreaterThan(300_000)
      else await body.cancel()
      expect(socket.waitingBytes).toBe(0)
      if (kind === 'polling') expect(drained()).toBeGreaterThan(before)
    }
    expect(socket.isEnded).toBe(false)
  })
})

test('a small answer is sent as text', async () => {
  const { kinds, socket } = world()
  const request = kinds.polling()
  socket.receive(request.receiver)
  socket.send('{"action":0}')
  expect(await request.body).toBe('[{"action":0}]')
  expect(socket.waitingBytes).toBe(0)
})
