/** Many small channels of an app: two clients each, of which one publishes. */
import type { Variant } from '../benchmark.ts'
import { joinAll } from '../peer.ts'
import { probe, settle, type Stage } from '../pump.ts'
import { ROOMS } from '../rooms.ts'
import { ablyDoor } from './door.ts'
import { messageSender } from './sender.ts'
import { bytesToAll, isMessage, startApp } from './stage.ts'

/** The publisher hears itself, as SDKs do by default, and is acknowledged; what the other one gets is counted. */
export async function roomsStage(variant: Variant): Promise<Stage> {
  const { server, key } = await startApp(variant)
  const door = ablyDoor({ key, formats: ['json'] })
  const channels = Array.from({ length: ROOMS }, (_, at) => `bench:${String(at).padStart(3, '0')}`)
  const publishers = await joinAll(server.port, channels, door)
  const crowd = await joinAll(server.port, channels, door)
  await settle(publishers, crowd)
  const send = publishers.peers.map((peer) => messageSender(peer, 'json'))
  let turn = 0
  const publish = (count: number) => {
    for (let i = 0; i < count; i++) send[turn++ % ROOMS]!(1)
  }
  await probe(crowd, () => publish(1), isMessage)
  return { server, crowd, publish, bytesPerMessage: bytesToAll(channels[0]!, ['json'], 1) }
}
