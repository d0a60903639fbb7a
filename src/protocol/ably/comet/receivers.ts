/** The two ways in which a request gets frames: an answer that goes on, a line for each array; or one array and the end. */
import type { Receiver } from './comet-socket.ts'

const encoder = new TextEncoder()

export interface FrameRequest {
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

export function streaming({ roomBytes, onGone, onTaken }: StreamParts): FrameRequest {
  const first = Promise.withResolvers<readonly string[]>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let isOver = false
  /** Nobody is there any more who could take what waits. */
  let isGone = false
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given
      },
      pull: onTaken,
      cancel: () => {
        isOver = true
        isGone = true
        onGone()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: roomBytes }),
  )
  const receiver: Receiver = {
    get waitingBytes() {
      const room = controller!.desiredSize ?? roomBytes
      // A stream that is closed has none either once all has been taken.
      return isGone || (isOver && room === 0) ? 0 : roomBytes - room
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

/** More than this is given to Bun only as the client reads, because it would be kept as a whole until then. */
const CHUNK_BYTES = 65_536

/** @param onTaken the client has taken some of what was waiting */
export function polling(onTaken: () => void): FrameRequest {
  const first = Promise.withResolvers<readonly string[]>()
  let waitingBytes = 0
  const receiver: Receiver = {
    get waitingBytes() {
      return waitingBytes
    },
    take: (frames) => {
      const letters = frames.reduce((sum, frame) => sum + frame.length, 0)
      if (letters > CHUNK_BYTES) waitingBytes = letters
      first.resolve(frames)
      return false
    },
    end: () => first.resolve([]),
  }
  const body = first.promise.then((frames) => {
    if (waitingBytes === 0) return arrayOf(frames)
    return asRead(encoder.encode(arrayOf(frames)), (left) => {
      waitingBytes = left
      onTaken()
    })
  })
  return { receiver, body, first: first.promise }
}

/** @param onLeft told how much has not been taken yet, each time that some has */
function asRead(
  bytes: Uint8Array<ArrayBuffer>,
  onLeft: (bytes: number) => void,
): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        controller.enqueue(bytes.subarray(at, at + CHUNK_BYTES))
        at += CHUNK_BYTES
        if (at >= bytes.length) controller.close()
        onLeft(Math.max(0, bytes.length - at))
      },
      cancel: () => onLeft(0),
    },
    { highWaterMark: 0 },
  )
}

/** Protocol messages are JSON text already. */
export function arrayOf(frames: readonly string[]): string {
  return `[${frames.join(',')}]`
}
