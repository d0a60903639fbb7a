/** WebSocket frames over a raw connection (RFC 6455), just enough to be a client that watches every ping. */
import { createHash, randomBytes } from 'node:crypto'
import type { Attempt, Parsed, RawConnection } from './raw-connection.ts'

export type Opcode = 'text' | 'binary' | 'close' | 'ping' | 'pong' | 'other'

export interface Frame {
  readonly opcode: Opcode
  readonly payload: Buffer
}

const NAMES: Readonly<Record<number, Opcode>> = {
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
}
const CODES = { text: 1, close: 8, pong: 10 } as const

/** The headers of an upgrade request. */
export function upgradeHeaders(key: string): string[] {
  return [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
  ]
}

export function newKey(): string {
  return randomBytes(16).toString('base64')
}

/** What a real WebSocket server answers to the key; a cache or a mock cannot. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** One masked frame of at most 125 bytes. */
export function encodeFrame(opcode: keyof typeof CODES, payload: Uint8Array): Buffer {
  const mask = randomBytes(4)
  const head = Buffer.from([0x80 | CODES[opcode], 0x80 | payload.length])
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ mask[i & 3]!)])
}

export function say(connection: RawConnection, text: string): void {
  connection.write(encodeFrame('text', Buffer.from(text)))
}

/** Waits for the next frame; pings are answered before they are returned. */
export async function hear(connection: RawConnection, withinMs: number): Promise<Attempt<Frame>> {
  const heard = await connection.take(parseFrame, withinMs)
  if (heard.ok && heard.value.opcode === 'ping')
    connection.write(encodeFrame('pong', heard.value.payload))
  return heard
}

/** Waits for a text frame that fits and lets everything else go by. */
export async function hearText(
  connection: RawConnection,
  fits: (text: string) => boolean,
  withinMs: number,
): Promise<Attempt<string>> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const heard = await hear(connection, deadline - performance.now())
    if (!heard.ok) return heard
    const text = heard.value.payload.toString('utf8')
    if (heard.value.opcode === 'text' && fits(text)) return { ok: true, value: text }
    if (heard.value.opcode === 'close')
      return { ok: false, trouble: { kind: 'closed', code: closeCode(heard.value) } }
  }
}

/** The close code of a close frame, as text. */
export function closeCode(frame: Frame): string {
  return frame.payload.length >= 2 ? String(frame.payload.readUInt16BE(0)) : '1005'
}

/** Servers send unmasked frames; the doctor's own channel never has one longer than 16 bits of length. */
export function parseFrame(bytes: Buffer): Parsed<Frame> | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]! & 0x7f
  const head = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < head) return undefined
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < head + length) return undefined
  return {
    value: {
      opcode: NAMES[bytes[0]! & 0x0f] ?? 'other',
      payload: bytes.subarray(head, head + length),
    },
    used: head + length,
  }
}
