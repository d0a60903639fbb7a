/** WebSocket frames byte by byte (RFC 6455 5.2), also such as no client library would make. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface RawFrame {
  readonly fin: boolean
  readonly opcode: number
  readonly payload: Buffer
}

export interface FrameInit {
  readonly opcode: number
  readonly payload?: string | Uint8Array
  readonly fin?: boolean
  /** The three reserved bits as a number from 0 to 7. */
  readonly reserved?: number
  readonly masked?: boolean
  /** What the header says, where it differs from the length of the payload. */
  readonly announced?: number
}

const MASK = Buffer.from([0x5a, 0x3c, 0x96, 0xf0])

/** A frame as a client sends it: masked, unless told otherwise. */
export function rawFrame(init: FrameInit): Buffer {
  const { opcode, fin = true, reserved = 0, masked = true } = init
  const payload = Buffer.from(init.payload ?? '')
  const length = init.announced ?? payload.length
  const first = (fin ? 128 : 0) | (reserved << 4) | opcode
  const body = masked ? payload.map((byte, i) => byte ^ MASK[i & 3]!) : payload
  const mask = masked ? MASK : Buffer.alloc(0)
  return Buffer.concat([Buffer.from([first]), lengthBytes(length, masked), mask, body])
}

function lengthBytes(length: number, masked: boolean): Buffer {
  const flag = masked ? 128 : 0
  if (length < 126) return Buffer.from([flag | length])
  if (length < 65_536) return Buffer.from([flag | 126, length >> 8, length & 255])
  const bytes = Buffer.alloc(9)
  bytes[0] = flag | 127
  bytes.writeBigUInt64BE(BigInt(length), 1)
  return bytes
}

/** The first whole frame in what a server has sent, and what lies after it. */
export function parseFrame(bytes: Buffer): { frame: RawFrame; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]! & 127
  const start = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < start) return undefined
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (bytes.length < start + length) return undefined
  const frame = {
    fin: (bytes[0]! & 128) !== 0,
    opcode: bytes[0]! & 15,
    payload: bytes.subarray(start, start + length),
  }
  return { frame, rest: bytes.subarray(start + length) }
}

/** The code of a close frame; 1005 stands for none, as in the standard. */
export function closeCode(frame: RawFrame): number {
  return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0)
}
