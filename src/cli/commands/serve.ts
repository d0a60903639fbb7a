/** `latchkey serve` */
import { closeQuietly } from '../../closing.ts'
import { isTextLog, logger, startLogs } from '../../ops/logs.ts'
import { startServer } from '../../server.ts'
import { type Welcome, announce, announceClaim, announceKey } from '../announce.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'Run the server',
  positionals: [],
  options: [],
  settings: 'all',
  isServer: true,
  run: (context) =>
    runServer(context, {
      members: ({ claimLink }) => (claimLink === undefined ? {} : { claim: claimLink }),
      say: (server) => {
        announceKey(server, context)
        announceClaim(server, context)
      },
    }),
}

/** Runs a server until it is told to stop. */
export async function runServer(context: CommandContext, welcome: Welcome): Promise<number> {
  const { config, output } = context
  startLogs(config)
  logBugs()
  const stopped = stopSignal()
  const server = await startServer(config)
  try {
    announce(server, context, welcome)
  } catch (error) {
    await closeQuietly([() => server.stop()])
    throw error
  }
  await stopped.first
  if (isTextLog(config)) output.say('Stopping; a second signal stops at once.')
  else logger('server').info('stopping')
  await Promise.race([server.stop(), stopped.second])
  return EXIT.done
}

/** Logs exceptions that no handler has caught: one client's error must not end the process. */
function logBugs(): void {
  const log = logger('server')
  const onBug = (error: unknown) => {
    log.fatal('unhandled error', { error: error instanceof Error ? error.stack : String(error) })
  }
  process.on('uncaughtException', onBug)
  process.on('unhandledRejection', onBug)
}

/** Promises of the first and the second SIGTERM or SIGINT (Ctrl-C); the second ends the wait for clients. */
function stopSignal(): { first: Promise<void>; second: Promise<void> } {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  let signals = 0
  const onSignal = () => (signals++ === 0 ? first.resolve() : second.resolve())
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return { first: first.promise, second: second.promise }
}
