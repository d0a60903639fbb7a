/** Driving the load: waiting for silence, checking the frame that is to be counted, and closed-loop publishing. */
import { firstFrameText, serverFrameBytes } from './payload.ts'
import type { Crowd, Peer } from './peer.ts'
import { within } from './peer.ts'
import type { ServerProcess } from './server.ts'
import { type Elapsed, startWatch } from './stopwatch.ts'

const QUIET_MS = 250
const DRAIN_WITHIN_MS = 20_000

/** What a closed loop did between its first publish and its last delivery. */
export interface Flow extends Elapsed {
  readonly messages: number
}

export interface Loop {
  readonly server: ServerProcess
  /** Who receives. */
  readonly crowd: Crowd
  /** Sends that many messages. */
  readonly publish: (count: number) => void
  /** Bytes that the crowd receives in all for one message. */
  readonly bytesPerMessage: number
  /** Messages that may be undelivered at any time. */
  readonly window: number
  /** Whether other frames, such as leaves, may arrive in between. */
  readonly mixed?: boolean
}

/** A benchmark's servers and peers, ready for a closed loop. */
export type Stage = Omit<Loop, 'window'>

/** Whether what arrived is what all figures count on. */
export type Check = (chunk: Uint8Array) => boolean

/** Waits until nothing has arrived at any of the crowds for a quarter of a second. */
export async function settle(...crowds: Crowd[]): Promise<void> {
  const total = () => crowds.reduce((sum, crowd) => sum + crowd.bytes, 0)
  let seen = -1
  let since = performance.now()
  while (performance.now() - since < QUIET_MS) {
    if (total() !== seen) {
      seen = total()
      since = performance.now()
    }
    await Bun.sleep(25)
  }
}

/**
 * Publishes once and checks what arrives: the envelope that all figures count on, of the same length in
 * both variants and with the message as it was sent.
 * @param expected content of the frame, apart from the values of `uid` and `date`; or who can tell
 * @param bytes that all of the crowd receive together: on a machine that stands still at times, silence alone
 * does not say that everybody has everything
 */
export async function probe(
  crowd: Crowd,
  publish: () => void,
  expected: string | Check,
  bytes = 0,
): Promise<void> {
  const before = crowd.bytes
  const chunk = Promise.withResolvers<Uint8Array>()
  crowd.onChunk = (arrived) => chunk.resolve(arrived)
  publish()
  const frame = await within(5000, chunk.promise, () => 'the first message did not arrive')
  crowd.onChunk = undefined
  const isRight = typeof expected === 'string' ? envelopeCheck(expected) : expected
  if (!isRight(frame))
    throw new Error(`not the frame that is to be counted: ${firstFrameText(frame)}`)
  do await settle(crowd)
  while (crowd.bytes - before < bytes)
}

/**
 * Keeps `window` messages undelivered for some seconds, then waits for the last delivery.
 * Fails unless exactly the expected number of bytes arrived: nothing lost, nothing twice.
 */
export async function flow(loop: Loop, seconds: number): Promise<Flow> {
  const { server, crowd, publish, bytesPerMessage, window } = loop
  const before = crowd.bytes
  const finished = Promise.withResolvers<void>()
  const stop = startWatch(server)
  const end = performance.now() + seconds * 1000
  let messages = 0
  const publishMore = (count: number) => {
    messages += count
    publish(count)
  }
  crowd.onMark = () => {
    const delivered = Math.floor((crowd.bytes - before) / bytesPerMessage)
    if (performance.now() < end) {
      crowd.mark = before + (delivered + 1) * bytesPerMessage
      publishMore(window - (messages - delivered))
    } else if (delivered < messages) crowd.mark = before + messages * bytesPerMessage
    else finished.resolve()
  }
  crowd.mark = before + bytesPerMessage
  publishMore(window)
  const expected = () => before + messages * bytesPerMessage
  const complaint = () => `${expected() - crowd.bytes} bytes of ${messages} messages are missing`
  await within(seconds * 1000 + DRAIN_WITHIN_MS, finished.promise, complaint)
  const elapsed = stop()
  crowd.mark = Infinity
  await Bun.sleep(20)
  if (crowd.bytes !== expected() && !loop.mixed) throw new Error(complaint())
  return { messages, ...elapsed }
}

/** A publish function that sends a burst as one write. */
export function burstSender(publisher: Peer, frames: Uint8Array, frameBytes: number) {
  return (count: number) => publisher.send(frames.subarray(0, count * frameBytes))
}

function envelopeCheck(expected: string): Check {
  return (chunk) =>
    chunk.length === serverFrameBytes(expected) && shape(firstFrameText(chunk)) === shape(expected)
}

/** A frame's content without what differs from one message to the next. */
function shape(text: string): string {
  return text.replace(/"uid":"\w{6}"/, '"uid":""').replace(/"date":\d{13}/, '"date":0')
}
