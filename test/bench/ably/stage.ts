/** Servers with an app, its clients in place, and the frames that are to be counted. */
import type { Format } from '../../../src/protocol/ably/wire/format.ts'
import { makeKey } from '../app.ts'
import type { Variant } from '../benchmark.ts'
import type { Door } from '../door.ts'
import { firstFrameBytes, serverFrameBytes } from '../payload.ts'
import { joinAll } from '../peer.ts'
import { type Check, flow, probe, settle, type Stage } from '../pump.ts'
import { type ServerProcess, type StartOptions, startServer } from '../server.ts'
import { contentOf, decoded } from './door.ts'
import { deliveredMessage, type Published } from './frames.ts'
import { messageSender } from './sender.ts'

const WARM_UP_SECONDS = 2

export interface App {
  readonly server: ServerProcess
  readonly key: string
}

/** A fresh server, and a key that may do everything there; of the bare server nobody asks for it. */
export async function startApp(variant: Variant, options: StartOptions = {}): Promise<App> {
  let key = ''
  const server = await startServer(variant, {
    ...options,
    prepare: async (data) => {
      key = await makeKey(data)
    },
  })
  return { server, key }
}

/** Where a crowd comes in, and in which formats it reads. */
export interface Crowding {
  readonly server: ServerProcess
  readonly door: Door
  readonly formats: readonly Format[]
}

/** A warm server with one publisher and a crowd on one channel, where the crowd's formats alternate as the door's. */
export async function crowdStage(crowding: Crowding, subscribers: number): Promise<Stage> {
  // What is measured is compiled code. To a crowd of thousands, few messages go before it is that.
  const few = await coldStage(crowding, 'bench:warm-up', crowding.formats.length)
  await flow({ ...few, window: 100 }, WARM_UP_SECONDS)
  few.crowd.terminate()
  return coldStage(crowding, 'bench:fan-out', subscribers)
}

async function coldStage(
  { server, door, formats }: Crowding,
  channel: string,
  subscribers: number,
): Promise<Stage> {
  const [publisher] = (await joinAll(server.port, [channel], door)).peers
  const names = Array.from({ length: subscribers }, () => channel)
  const crowd = await joinAll(server.port, names, door)
  await settle(crowd, publisher!.crowd)
  const publish = messageSender(publisher!, formats[0]!)
  const bytesPerMessage = bytesToAll(channel, formats, subscribers)
  await probe(crowd, () => publish(1), isMessage, bytesPerMessage)
  return { server, crowd, publish, bytesPerMessage }
}

/** Bytes of one message to a crowd whose formats alternate. */
export function bytesToAll(
  channel: string,
  formats: readonly Format[],
  subscribers: number,
): number {
  let bytes = 0
  for (let at = 0; at < subscribers; at++)
    bytes += serverFrameBytes(deliveredMessage(channel, formats[at % formats.length]!))
  return bytes
}

/** Of the same length and with the same members as what the bare server publishes, and with the message as it was sent. */
export const isMessage: Check = (chunk) => {
  const content = contentOf(chunk)
  const frame = decoded(content)
  const format = typeof content === 'string' ? 'json' : 'msgpack'
  const expected = deliveredMessage(String(frame['channel']), format)
  const wanted = decoded(expected)
  return (
    firstFrameBytes(chunk) === serverFrameBytes(expected) &&
    Object.keys(frame).join() === Object.keys(wanted).join() &&
    dataOf(frame) === dataOf(wanted)
  )
}

function dataOf({ messages }: Readonly<Record<string, unknown>>): unknown {
  return Array.isArray(messages) ? (messages[0] as Published).data : undefined
}
