/**
 * Bodies of answers. Bun keeps what it is given as a whole until the client has read it, however long that takes, so
 * what is more than a little is made as the client reads, and how much may wait to be read is bounded.
 */
import type { FairTurns } from '../../../core/time/fair-turns.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import type { Budget } from '../../../policy/budget.ts'
import type { Format } from '../wire/format.ts'
import { LazyList, LazyObject, type Piece, joined, piecesOf } from '../wire/pieces.ts'
import { encodeBody } from './body.ts'

export interface AnswerBodiesParts {
  /** Of what waits to be read, by share and then by address. */
  readonly budget: Budget
  readonly shareOf: (appId: string) => string
  readonly turns: FairTurns
}

/** Who is sent an answer, and how large it is in memory. */
export interface Recipient {
  /** Undefined for an answer to somebody who is of no app. */
  readonly appId: string | undefined
  readonly address: string
  /** About what the value itself takes in memory while it is not all written. */
  readonly bytes: number
}

export type AnswerBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

/** Of a body: made at once, or while the client reads. It is more than most sockets take without waiting. */
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
    // Whatever the setting, there is room for one answer of each share.
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
        // Also where an item cannot be made: the answer breaks off then.
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
      // Nothing is made before it is wanted.
      { highWaterMark: 0 },
    )
    return ok(stream)
  }
}

/** The next pieces, up to as much as makes a chunk. */
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

/** What is there as a whole already, chunk by chunk: it is given to Bun only as the client reads. */
function* cut(body: string | Uint8Array): Generator<Uint8Array<ArrayBuffer>, undefined> {
  const bytes = typeof body === 'string' ? utf8.encode(body) : body
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    yield new Uint8Array(bytes.subarray(at, at + CHUNK_BYTES))
}
