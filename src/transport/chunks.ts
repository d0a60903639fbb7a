/**
 * Bodies whose length nobody has announced, put together piece by piece. Pieces may be of one byte each, so that they
 * are copied as they come and not kept, and there may only be so many of them.
 */
import { type Result, fail, ok } from '../failure.ts'

/** In how many pieces a body may come whatever its limit is, and how long they are on average beyond that. */
export const FREE_CHUNKS = 4096
const MEAN_CHUNK_BYTES = 64
const FIRST_BYTES = 4096

/** What a reader of the body gives: the next piece, as long as there is one. */
interface Pieces {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
}

/**
 * @param onRoom told of the bytes for which there was made room, before they are kept; false ends it
 * @returns `message_too_large`, or `bad_request` where it comes in too many pieces; undefined where it was ended
 */
export async function readChunks(
  pieces: Pieces,
  maxBytes: number,
  onRoom: (bytes: number) => boolean,
): Promise<Result<Uint8Array> | undefined> {
  const maxChunks = FREE_CHUNKS + maxBytes / MEAN_CHUNK_BYTES
  let kept = new Uint8Array()
  let length = 0
  for (let chunks = 1; ; chunks++) {
    const { done, value } = await pieces.read()
    if (done || !value) return ok(kept.subarray(0, length))
    const wanted = length + value.byteLength
    if (wanted > maxBytes) return fail('message_too_large')
    if (chunks > maxChunks) return fail('bad_request', 'the body comes in too many pieces')
    if (wanted > kept.byteLength) {
      const room = Math.min(maxBytes, Math.max(wanted, 2 * kept.byteLength, FIRST_BYTES))
      if (!onRoom(room - kept.byteLength)) return undefined
      const larger = new Uint8Array(room)
      larger.set(kept.subarray(0, length))
      kept = larger
    }
    kept.set(value, length)
    length = wanted
    // What comes meanwhile is one piece: Bun puts it together, at a fraction of what it costs here.
    await new Promise(setImmediate)
  }
}
