/**
 * Whatever is thrown at the server, it stays up, answers or hangs up, and lets nobody past a key. Inputs are
 * random; a failure prints the seed that repeats it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { callServer } from '../../../src/service/control/control-client.ts'
import { Client } from '../../support/client.ts'
import { freshChannel } from '../../support/itty.ts'
import { type FrameInit, OPCODE, closeCode, rawFrame } from '../../support/raw-frame.ts'
import { RawSocket, handshake } from '../../support/raw-socket.ts'
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts'
import {
  anyBody,
  anyHeaders,
  anyQuery,
  anyTarget,
  brokenBytes,
  frameText,
  isRelayable,
  spellings,
  tidyFrame,
  wildFrame,
} from './arbitrary.ts'

const KEY = 'Zq7-only-insiders-know'
const SECRET = 'what insiders say'

let server: ServerProcess
/** Two members with the keys of a channel. */
let insiders: Client[]
/** A listener on a channel with a send key. */
let ear: Client
/** Two members of an unrelated channel. */
let healthy: Client[]
let pulses = 0

beforeAll(async () => {
  const unlimited = ['--message-rate', '0', '--connection-rate', '0', '--push-rate', '0']
  server = await startServerProcess(
    ['--log-level', 'error', '--log-format', 'json', ...unlimited, '--max-warnings', '1000'],
    [
      ['locked', '--join-key', KEY, '--send-key', KEY],
      ['feed', '--send-key', KEY],
    ],
  )
  const locked = `${server.sockets}locked:room?joinKey=${KEY}&sendKey=${KEY}`
  insiders = [await Client.join(locked), await Client.join(locked)]
  ear = await Client.join(`${server.sockets}feed:room`)
  healthy = [await Client.join(`${server.sockets}well`), await Client.join(`${server.sockets}well`)]
})

afterAll(async () => {
  expect(await server.end()).toBe(0)
  // A caught bug is in the log and fails the test.
  expect(server.output()).toBe('')
})

/** Checks after each batch: others are served, and insiders hear only insiders. */
async function allIsWell(): Promise<void> {
  const beat = ++pulses
  healthy[beat % 2]!.sendJson(beat)
  await healthy[(beat + 1) % 2]!.message(beat)
  insiders[beat % 2]!.sendJson(`${SECRET} ${beat}`)
  await insiders[(beat + 1) % 2]!.message(`${SECRET} ${beat}`)
  const uids = new Set(insiders.map((insider) => insider.uid))
  for (const { frames } of insiders) {
    const strange = frames.filter(({ uid, total }) =>
      total === undefined ? !uids.has(String(uid)) : Number(total) > 2,
    )
    expect(strange).toEqual([])
  }
  expect(ear.frames.filter((frame) => 'message' in frame)).toEqual([])
}

/** Runs a property over batches that go out at once. */
function throwing<T>(
  arbitrary: fc.Arbitrary<T>,
  one: (input: T) => Promise<void>,
  batches: number,
): Promise<void> {
  const batch = fc.array(arbitrary, { minLength: 10, maxLength: 20, size: 'max' })
  return fc.assert(
    fc.asyncProperty(batch, async (inputs) => {
      await Promise.all(inputs.map(one))
      await allIsWell()
    }),
    { numRuns: batches, endOnFailure: true },
  )
}

/** Checks what a stranger received and closes its socket. */
function dismiss(socket: RawSocket): void {
  const received = [socket.head, socket.body, ...socket.texts].join('\n')
  expect(received).not.toContain(SECRET)
  expect(received).not.toContain(KEY)
  for (const frame of socket.frames) {
    if (frame.opcode === OPCODE.close) expect(closeCode(frame)).not.toBe(1011)
    if (frame.opcode === OPCODE.text) JSON.parse(frame.payload.toString())
  }
  socket.destroy()
}

/** Sends a request and waits for the answer or the end, whichever it is. */
async function request(bytes: string | Uint8Array): Promise<{ socket: RawSocket; status: number }> {
  const socket = RawSocket.send(server.port, bytes)
  const status = await socket.answer()
  expect(status).not.toBe(500)
  return { socket, status }
}

describe('fuzz', () => {
  test('texts are relayed or answered with an error, as a simple model says', () =>
    throwing(
      fc.array(frameText, { maxLength: 30 }),
      async (texts) => {
        const url = server.sockets + freshChannel()
        const reader = await Client.join(url)
        const sender = await Client.join(url)
        for (const text of texts) sender.send(text)
        sender.sendJson('the end')
        await reader.message('the end')
        const relayed = texts.filter((text) => !text.startsWith('\u001F') && isRelayable(text))
        const heard = reader.raw.filter((raw) => raw.startsWith('{"message"'))
        const uid = `,"uid":"${sender.uid}","date":`
        expect(heard.slice(0, -1).map((raw) => raw.slice(0, raw.lastIndexOf(uid)))).toEqual(
          relayed.map((text) => `{"message":${text.toWellFormed()}`),
        )
        await sender.until(() =>
          errors(sender) === texts.length - relayed.length ? true : undefined,
        )
        sender.close()
        reader.close()
      },
      30,
    ))

  const room = fc.constantFrom('fuzz', 'feed:room', 'locked:room')

  test('a socket that sent any frames still answers, or is closed', () =>
    throwing(
      fc.tuple(room, fc.array(fc.oneof(tidyFrame, wildFrame), { maxLength: 15 })),
      async ([name, frames]) => {
        const { socket, status } = await request(handshake(`/c/${name}?echo=true`))
        expect(status).toBe(name === 'locked:room' ? 403 : 101)
        for (const frame of frames) socket.frame(frame)
        socket.frame({ opcode: OPCODE.ping, payload: 'the end' })
        const isPong = (frame: { opcode: number; payload: Buffer }) =>
          frame.opcode === OPCODE.pong && frame.payload.toString() === 'the end'
        // After a refusal the connection is plain HTTP, on which frames are noise.
        await socket.until(() => socket.isClosed || socket.frames.some(isPong) || undefined)
        dismiss(socket)
      },
      40,
    ))

  test('truncated frames and other bytes affect nobody else', () =>
    throwing(
      fc.tuple(room, fc.array(brokenBytes, { maxLength: 6 }), fc.boolean()),
      async ([name, pieces, together]) => {
        const bytes = pieces.map((piece) =>
          piece instanceof Uint8Array ? Buffer.from(piece) : rawFrame(piece satisfies FrameInit),
        )
        const head = Buffer.from(handshake(`/c/${name}`))
        const { socket } = await request(together ? Buffer.concat([head, ...bytes]) : head)
        if (!together) for (const piece of bytes) socket.write(piece)
        await socket.until(() => socket.isClosed || socket.head !== undefined || undefined)
        dismiss(socket)
      },
      40,
    ))

  test('no spelling of a name avoids a reservation', async () => {
    await throwing(
      fc.oneof(anyTarget, spellings('locked'), spellings('locked:room')),
      async (target) => {
        const { socket, status } = await request(handshake(`/c/${target}`))
        expect([101, 200, 302, 400, 403, 404, 414, 426, 505]).toContain(status)
        if (status === 101) {
          const names = await channelNames()
          expect(names.filter((name) => /^locked([:/]|$)/.test(name))).toEqual(['locked:room'])
        }
        dismiss(socket)
      },
      60,
    )
  })

  test('no query admits without the key', () =>
    throwing(
      anyQuery,
      async (query) => {
        const { socket, status } = await request(handshake(`/c/locked:room?${query}`))
        expect([400, 403]).toContain(status)
        dismiss(socket)
        const listener = await request(handshake(`/c/feed:room?${query}`))
        expect([101, 400, 403]).toContain(listener.status)
        listener.socket.text('"let me speak"')
        if (listener.status === 101) await listener.socket.nextText('send key required')
        dismiss(listener.socket)
      },
      40,
    ))

  test('no headers admit a client or break an answer', () =>
    throwing(
      fc.tuple(anyHeaders, fc.constantFrom('/c/locked:room', '/c/fuzz', '/push/locked:room', '/x')),
      async ([headers, path]) => {
        const upgrade = handshake(path).slice(0, -2)
        const { socket, status } = await request(Buffer.from(`${upgrade}${headers}\r\n`, 'latin1'))
        if (path !== '/c/fuzz') expect(status).not.toBe(101)
        dismiss(socket)
        const post = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n${headers}\r\n"x"`
        const pushed = await request(Buffer.from(post, 'latin1'))
        if (path === '/push/locked:room') expect(pushed.status).not.toBe(200)
        dismiss(pushed.socket)
      },
      40,
    ))

  test('push bodies are delivered or refused as a simple model says, and refused without the key', async () => {
    const url = `${server.url}/push/feed:`
    await throwing(
      anyBody,
      async (body) => {
        const name = freshChannel()
        const send = (key: string) =>
          fetch(url + name, { method: 'POST', body, headers: { 'x-send-key': key } })
        expect((await send(KEY)).status).toBe(isRelayable(utf8(body)) ? 200 : 400)
        expect((await send(`${KEY}x`)).status).toBe(403)
      },
      60,
    )
  })
})

const errors = (client: Client) => client.frames.filter(({ type }) => type === 'error').length

/** Text that is no JSON where the bytes are no UTF-8. */
function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return ''
  }
}

async function channelNames(): Promise<string[]> {
  const answer = await callServer(server.folder, 'GET', '/v1/channels')
  return (answer!.body as { name: string }[]).map(({ name }) => name)
}
