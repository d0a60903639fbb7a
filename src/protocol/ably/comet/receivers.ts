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

export interface StreamParts {
  /** Bytes that may wait to go out, before less is asked for. */
  readonly roomBytes: number
  /** The client has taken some of what was waiting. */
  readonly onTaken: () => void
  /** The client has gone away. */
  readonly onGone: () => void
}

export function streaming({ roomBytes, onGone, onTaken }: StreamParts): Fetching {
  const first = Promise.withResolvers<readonly string[]>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let isOver = false
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given
      },
      pull: onTaken,
      cancel: () => {
        isOver = true
        onGone()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: roomBytes }),
  )
  const receiver: Receiver = {
    get waitingBytes() {
      return isOver ? 0 : roomBytes - (controller!.desiredSize ?? roomBytes)
    },
    take: (frames) => {
      if (!isOver) controller!.enqueue(encoder.encode(`${arrayOf(frames)}\n`))
      first.resolve(frames)
      return true
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
    waitingBytes: 0,
    take: (frames) => {
      first.resolve(frames)
      return false
    },
    end: () => first.resolve([]),
  }
  return { receiver, body: first.promise.then(arrayOf), first: first.promise }
}

/** Protocol messages are JSON text already. */
export function arrayOf(frames: readonly string[]): string {
  return `[${frames.join(',')}]`
}
