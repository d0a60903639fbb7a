/** The bytes that travel: what clients send, and how long what the server makes of it must be. */

/** A JSON object of exactly `bytes` ASCII bytes, of the shape that a chat sends. */
export function chatMessage(bytes: number): string {
  const start = '{"kind":"chat","room":17,"text":"'
  const end = '"}'
  return start + 'lorem ipsum '.repeat(bytes).slice(0, bytes - start.length - end.length) + end
}

/** A message for a channel of an app, as exactly `bytes` ASCII bytes of JSON. */
export function appMessage(bytes: number): string {
  const start = '{"name":"chat","data":"'
  const end = '"}'
  return start + 'lorem ipsum '.repeat(bytes).slice(0, bytes - start.length - end.length) + end
}

/** What the publisher of one message is told (PBR2). */
export function publishAnswer(channel: string): string {
  return `{"channel":"${channel}","messageId":"aB3-xK9_pQ2r","serials":["01710000000000-000@aB3xK9pQ2r:000"]}`
}

/** The items of a page of history, as a list of objects that is to become JSON. */
export function historyPage(length: number): readonly object[] {
  const { name, data } = JSON.parse(appMessage(200)) as { name: string; data: string }
  const timestamp = 1_710_000_000_000
  return Array.from({ length }, (_, index) => {
    const serial = `01710000000000-000@aB3xK9pQ2r:${String(index).padStart(3, '0')}`
    return { id: `aB3-xK9_pQ2r:${index}`, name, data, timestamp, action: 0, serial }
  })
}

/** What a member receives when another sends `text` (itty E-2); the bare server publishes this string. */
export function messageEnvelope(text: string): string {
  return `{"message":${text},"uid":"Xy12Zz","date":1710000000000}`
}

/** What a member receives when `text` is pushed over HTTP (itty H-4). */
export function pushEnvelope(text: string): string {
  return `{"message":${text},"date":1710000000000}`
}

/** Length on the wire of a server's frame with this content, of which text is ASCII. */
export function serverFrameBytes(content: string | Uint8Array): number {
  return content.length + headerBytes(content.length)
}

/** A client's frame (RFC 6455) under the masking key 0, which leaves the content as it is; text is ASCII. */
export function clientFrame(content: string | Uint8Array): Uint8Array {
  const header = headerBytes(content.length)
  const frame = new Uint8Array(header + 4 + content.length)
  frame[0] = typeof content === 'string' ? 0x81 : 0x82
  if (header === 2) frame[1] = 0x80 | content.length
  else frame.set([0x80 | 126, content.length >> 8, content.length & 0xff], 1)
  frame.set(typeof content === 'string' ? Buffer.from(content) : content, header + 4)
  return frame
}

/** A client's ping without content, and what the server answers by itself (RFC 6455, 5.5.2). */
export const PING = Uint8Array.of(0x89, 0x80, 0, 0, 0, 0)
export const PONG = Uint8Array.of(0x8a, 0)

/** The same frame `count` times in a row, so that a burst is one write. */
export function repeatFrame(frame: Uint8Array, count: number): Uint8Array {
  const all = new Uint8Array(frame.length * count)
  for (let i = 0; i < count; i++) all.set(frame, i * frame.length)
  return all
}

/** Length of the first server frame in `bytes`, header included; undefined while its header is incomplete. */
export function firstFrameBytes(bytes: Uint8Array): number | undefined {
  const length = bytes[1]
  if (length === undefined) return undefined
  if (length < 126) return length + 2
  if (length === 127) throw new Error('a frame of more than 64 KiB has no place in this benchmark')
  return bytes.length < 4 ? undefined : bytes[2]! * 256 + bytes[3]! + 4
}

/** What is inside the first server frame of `bytes`. */
export function firstFrameContent(bytes: Uint8Array): Uint8Array {
  const end = firstFrameBytes(bytes) ?? 0
  return bytes.subarray(end > 127 ? 4 : 2, end)
}

/** The text inside the first server frame of `bytes`. */
export function firstFrameText(bytes: Uint8Array): string {
  return new TextDecoder().decode(firstFrameContent(bytes))
}

function headerBytes(content: number): number {
  if (content > 0xffff)
    throw new Error('a frame of more than 64 KiB has no place in this benchmark')
  return content < 126 ? 2 : 4
}
