/** The two ways in which a request gets frames: a streamed answer with one array a line, or a single array. */
import type { Receiver } from './comet-socket.ts'

const encoder = new TextEncoder()

export interface FrameRequest {
  readonly receiver: Receiver
  /** The body of the answer, once there is something to send. */
  readonly body: Promise<ReadableStream<Uint8Array> | string>
  /** The first frames, which determine the status of the answer to `connect`. */
  readonly first: Promise<readonly string[]>
}

export interface StreamParts {
  /** Bytes that may be queued in the response. */
  readonly roomBytes: number
  /** Called when the client has read some of what was queued. */
  readonly onTaken: () => void
  /** Called when the client has closed the request. */
  readonly onGone: () => void
}

export function streaming({ roomBytes, onGone, onTaken }: StreamParts): FrameRequest {
  const first = Promise.withResolvers<readonly string[]>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let isOver = false
  /** Whether the client has closed the request, so that nothing counts as queued. */
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
      // A closed stream has a desired size of 0 once everything has been read.
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

/** Larger bodies are streamed as the client reads, because Bun would keep them in memory as a whole. */
const CHUNK_BYTES = 65_536

/** @param onTaken called when the client has read some of what was queued */
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

/** @param onLeft called with the bytes that remain, each time that some were read */
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

/** Joins frames, which are JSON text already, to an array. */
export function arrayOf(frames: readonly string[]): string {
  return `[${frames.join(',')}]`
}
