/** A real server whose clock and randomness the test holds, for rules about time and chance. */
import { type Randomness, systemRandomness } from '../../src/core/clock.ts'
import { startLogs } from '../../src/ops/logs.ts'
import { startServer } from '../../src/server.ts'
import { ManualClock } from './clocks.ts'
import { chosenEngine } from './engines/chosen.ts'
import { temporaryFolder, testConfig } from './server.ts'

export interface TimedServer {
  readonly url: string
  /** `ws://127.0.0.1:1234/c/`, to which a channel is appended. */
  readonly sockets: string
  readonly port: number
  readonly clock: ManualClock
  readonly claimLink: string | undefined
  /** Its data folder. */
  readonly folder: string
  end(): Promise<void>
}

export async function startTimedServer(
  flags: Record<string, string>,
  random: Randomness = systemRandomness,
): Promise<TimedServer> {
  const folder = temporaryFolder()
  const config = testConfig({ data: folder.path, ...flags })
  const clock = new ManualClock()
  startLogs(config)
  const server = await startServer(config, { clock, random, engine: chosenEngine() })
  return {
    url: server.url,
    port: server.port,
    sockets: `${server.url.replace('http', 'ws')}/c/`,
    clock,
    claimLink: server.claimLink,
    folder: folder.path,
    end: async () => {
      await server.stop()
      folder.remove()
    },
  }
}
