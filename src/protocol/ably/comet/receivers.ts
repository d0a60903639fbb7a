/** The two ways of fetching frames: an answer that goes on, a line for each array; or one array and the end. */
import type { Receiver } from './comet-socket.ts'

const encoder = new TextEncoder()

export interface Fetching {
  readonly receiver: Receiver
  /** Of the answer, once there is anything to answer. */
  readonly body: Promise<ReadableStream<Uint8Array> | string>
  /** The first frames, which decide about the status of an answer to `connect`. */
  readonly first: Promise<readonly string[]>
}

/** @param onGone the client has gone away */
export function streaming(onGone: () => void): Fetching {
  const first = Promise.withResolvers<readonly string[]>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let isOver = false
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given
    },
    cancel: () => {
      isOver = true
      onGone()
    },
  })
  const receiver: Receiver = {
    take: (frames) => {
      if (!isOver) controller!.enqueue(encoder.encode(`${arrayOf(frames)}\n`))
      first.resolve(frames)
    },
    end: () => {
      if (!isOver) controller!.close()
      isOver = true
      first.resolve([])
    },
  }
  return { receiver, body: Promise.resolve(stream), first: first.promise }
}

export function polling(): Fetching {
  const first = Promise.withResolvers<readonly string[]>()
  const receiver: Receiver = {
    take: (frames) => first.resolve(frames),
    end: () => first.resolve([]),
  }
  return { receiver, body: first.promise.then(arrayOf), first: first.promise }
}

/** Protocol messages are JSON text already. */
export function arrayOf(frames: readonly string[]): string {
  return `[${frames.join(',')}]`
}
