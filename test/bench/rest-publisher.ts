/** Publishers over REST as SDKs are, on connections that are kept alive, and at most one client who listens. */
import { ablyDoor } from './ably/door.ts'
import { deliveredPost } from './ably/frames.ts'
import { startApp } from './ably/stage.ts'
import type { Variant } from './benchmark.ts'
import { appMessage, serverFrameBytes } from './payload.ts'
import { joinAll } from './peer.ts'
import { ask, requestText } from './poster.ts'
import { settle } from './pump.ts'
import type { Publisher } from './publisher.ts'
import type { StartOptions } from './server.ts'
import { startWatch } from './stopwatch.ts'

const CHANNEL = 'bench'
const MESSAGE = appMessage(200)

export async function restPublisher(
  variant: Variant,
  listeners: number,
  options: StartOptions,
): Promise<Publisher> {
  const { server, key } = await startApp(variant, options)
  const names = Array<string>(listeners).fill(CHANNEL)
  const crowd = await joinAll(server.port, names, ablyDoor({ key, formats: ['json'] }))
  await settle(crowd)
  const requests = [publishRequest(CHANNEL, `Basic ${btoa(key)}`, MESSAGE)]
  const bytesPerMessage = serverFrameBytes(deliveredPost(CHANNEL, 'json')) * listeners
  return {
    server,
    run: async (seconds) => {
      const before = crowd.bytes
      const stop = startWatch(server)
      const messages = await ask(server.port, requests, 201, seconds)
      const elapsed = stop()
      if (listeners > 0) await settle(crowd)
      const missing = messages * bytesPerMessage - (crowd.bytes - before)
      if (missing !== 0) throw new Error(`${missing} bytes of ${messages} messages are missing`)
      return { messages, ...elapsed }
    },
  }
}

/** With the headers of ably-js. @param message JSON */
export function publishRequest(
  channel: string,
  authorization: string,
  message: string,
): Uint8Array {
  const headers = {
    Accept: 'application/json',
    'X-Ably-Version': '6',
    'Ably-Agent': 'ably-js/2.28.0 bun',
    Authorization: authorization,
  }
  return requestText(`POST /channels/${channel}/messages`, headers, message)
}
