/** Publishers of the realtime protocol whom nobody or one other client listens to, and who do not hear themselves. */
import type { Variant } from '../benchmark.ts'
import type { Door } from '../door.ts'
import { serverFrameBytes } from '../payload.ts'
import { joinAll } from '../peer.ts'
import { probe, settle, type Stage } from '../pump.ts'
import type { StartOptions } from '../server.ts'
import { ablyDoor } from './door.ts'
import { messageAck } from './frames.ts'
import { messageSender } from './sender.ts'
import { bytesToAll, isMessage, startApp } from './stage.ts'

const CHANNEL = 'bench:publish'

/** @param listeners 0, where acknowledgements are counted, or 1, whose deliveries are */
export async function realtimePublisher(
  variant: Variant,
  listeners: number,
  options: StartOptions,
): Promise<Stage> {
  const { server, key } = await startApp(variant, options)
  const door = ablyDoor({ key, formats: ['json'] })
  const publishers = await joinAll(server.port, [CHANNEL], silent(door))
  const crowd = await joinAll(server.port, Array<string>(listeners).fill(CHANNEL), door)
  await settle(crowd, publishers)
  const publish = messageSender(publishers.peers[0]!, 'json')
  if (listeners === 0) {
    const bytesPerMessage = serverFrameBytes(messageAck('json'))
    return { server, crowd: publishers, publish, bytesPerMessage }
  }
  await probe(crowd, () => publish(1), isMessage)
  return { server, crowd, publish, bytesPerMessage: bytesToAll(CHANNEL, ['json'], listeners) }
}

/** Of somebody who does not hear what it publishes (RTL7f). */
function silent(door: Door): Door {
  return { ...door, address: (guest) => `${door.address(guest)}&echo=false` }
}
