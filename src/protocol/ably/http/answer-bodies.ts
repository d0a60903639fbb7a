/**
 * Bodies of answers. Bun keeps a body in memory until the client has read all of it, so larger bodies are encoded as
 * the client reads, and the memory of unread ones is bounded.
 */
import type { FairTurns } from '../../../core/time/fair-turns.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import type { Budget } from '../../../policy/budget.ts'
import type { Format } from '../wire/format.ts'
import { LazyList, LazyObject, type Piece, joined, piecesOf } from '../wire/pieces.ts'
import { encodeBody } from './body.ts'

export interface AnswerBodiesParts {
  /** Memory for answers that are being read, by share and then by address. */
  readonly budget: Budget
  readonly shareOf: (appId: string) => string
  readonly turns: FairTurns
}

/** The client that is sent an answer, and the size of the answer. */
export interface Recipient {
  /** Undefined for a client of no app. */
  readonly appId: string | undefined
  readonly address: string
  /** The size of the value in memory until it is written, roughly. */
  readonly bytes: number
}

export type AnswerBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

/** Larger bodies are streamed in chunks of this size, which is more than a socket buffers. */
const CHUNK_BYTES = 65_536

const utf8 = new TextEncoder()

export class AnswerBodies {
  readonly #parts: AnswerBodiesParts

  constructor(parts: AnswerBodiesParts) {
    this.#parts = parts
  }

  /** @returns `answers_unread` where too much waits to be read already */
  of(value: unknown, format: Format, recipient: Recipient): Result<AnswerBody> {
    if (!(value instanceof LazyList) && !(value instanceof LazyObject)) {
      const body = encodeBody(value, format)
      return body.length <= CHUNK_BYTES ? ok(body) : this.#stream(cut(body), recipient, body.length)
    }
    const pieces = piecesOf(value, format)
    const first = chunkOf(pieces)
    if (first.isLast) return ok(joined(first.pieces, format))
    return this.#stream(chunksOf(first.pieces, pieces), recipient, recipient.bytes)
  }

  #stream(
    chunks: Iterator<Uint8Array<ArrayBuffer>, undefined>,
    { address, appId = '' }: Recipient,
    bytes: number,
  ): Result<ReadableStream<Uint8Array>> {
    const { budget, shareOf, turns } = this.#parts
    const share = shareOf(appId)
    const holder = [share, `${share}\n${address}`]
    const held = bytes + CHUNK_BYTES
    // One answer of each share is always admitted, whatever the setting.
    if (budget.heldBy(share) > 0 && !budget.hasRoom(holder, held)) return fail('answers_unread')
    budget.change(holder, held)
    let isOver = false
    const end = () => {
      if (!isOver) budget.give(holder, held)
      isOver = true
    }
    const write = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      if (isOver) return
      let isMore = false
      try {
        const { done, value } = chunks.next()
        isMore = done !== true
        if (value) controller.enqueue(value)
      } finally {
        // Also if an item fails to encode, which breaks the answer off.
        if (!isMore) end()
      }
      if (!isMore) controller.close()
    }
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) =>
          turns.once(
            () => write(controller),
            () => CHUNK_BYTES,
          ),
        cancel: end,
      },
      // Chunks are only made when the client reads.
      { highWaterMark: 0 },
    )
    return ok(stream)
  }
}

/** Takes pieces until they make a chunk. */
function chunkOf(pieces: Iterator<Piece, undefined>): {
  readonly pieces: readonly Piece[]
  readonly isLast: boolean
} {
  const taken: Piece[] = []
  let length = 0
  while (length < CHUNK_BYTES) {
    const { done, value } = pieces.next()
    if (done === true) return { pieces: taken, isLast: true }
    taken.push(value)
    length += value.length
  }
  return { pieces: taken, isLast: false }
}

function* chunksOf(
  first: readonly Piece[],
  rest: Iterator<Piece, undefined>,
): Generator<Uint8Array<ArrayBuffer>, undefined> {
  yield* asChunk(first)
  for (;;) {
    const { pieces, isLast } = chunkOf(rest)
    yield* asChunk(pieces)
    if (isLast) return
  }
}

function* asChunk(pieces: readonly Piece[]): Generator<Uint8Array<ArrayBuffer>> {
  if (pieces.length > 0) yield bytesOf(pieces)
}

function bytesOf(pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? utf8.encode(piece) : piece))),
  )
}

/** Cuts a complete body into chunks, which Bun gets only as the client reads. */
function* cut(body: string | Uint8Array): Generator<Uint8Array<ArrayBuffer>, undefined> {
  const bytes = typeof body === 'string' ? utf8.encode(body) : body
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    yield new Uint8Array(bytes.subarray(at, at + CHUNK_BYTES))
}
