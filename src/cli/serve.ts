/** `latchkey serve` */
import { type Config } from '../config.ts'
import { isTextLog, logger, startLogs } from '../ops/logs.ts'
import { type RunningServer, startServer } from '../server.ts'
import { VERSION } from '../version.ts'
import { type Command, EXIT } from './command.ts'
import type { Output } from './output.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'Run the server',
  positionals: [],
  options: [],
  settings: 'all',
  run: async ({ config, output }) => {
    startLogs(config)
    logBugs()
    const stopped = stopSignal()
    const server = await startServer(config)
    announce(server, config, output)
    announceKey(server, config, output)
    announceClaim(server, config, output)
    await stopped.first
    if (isTextLog(config)) output.say('Stopping; a second signal stops at once.')
    else logger('server').info('stopping')
    await Promise.race([server.stop(), stopped.second])
    return EXIT.done
  },
}

/** What slips through every handler is logged; one client's bad luck must not end everybody's connection. */
function logBugs(): void {
  const log = logger('server')
  const onBug = (error: unknown) => {
    log.fatal('unhandled error', { error: error instanceof Error ? error.stack : String(error) })
  }
  process.on('uncaughtException', onBug)
  process.on('unhandledRejection', onBug)
}

/** SIGTERM and SIGINT (Ctrl-C) mean the same. */
function stopSignal(): { first: Promise<void>; second: Promise<void> } {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  let signals = 0
  const onSignal = () => (signals++ === 0 ? first.resolve() : second.resolve())
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return { first: first.promise, second: second.promise }
}

/**
 * The root key is for the eyes of a person: it stays out of what a service manager or a container collects,
 * where `keys rotate` is the way to a secret.
 */
function announceKey({ unshownKey }: RunningServer, config: Config, output: Output): void {
  if (!unshownKey || output.json) return
  // Text may be collected as well, so it is not the format that tells whether a person is looking.
  if (process.stdout.isTTY && isTextLog(config)) {
    output.say(`  root key ${unshownKey.reveal()}   shown only this once`)
    return
  }
  const hint = 'a root key was made; latchkey keys rotate shows a secret of it'
  logger('server').info(hint, { key: unshownKey.name })
}

/** The link works once and for an hour only, so it may stand where text is collected; structured logs are kept longer. */
function announceClaim({ claimLink }: RunningServer, config: Config, output: Output): void {
  if (claimLink === undefined || output.json) return
  if (isTextLog(config)) {
    output.say(
      '  nobody owns this server yet; this link makes you its owner, once, within the hour:',
    )
    output.say(`  ${claimLink}`)
    return
  }
  logger('server').info('nobody owns this server yet; latchkey accounts reset prints a link')
}

function announce(server: RunningServer, config: Config, output: Output): void {
  const { addresses, claimLink, folder, port } = server
  const sockets = addresses.map((address) => `${address.replace(/^http/, 'ws')}/c/`)
  if (output.json) {
    const claim = claimLink === undefined ? {} : { claim: claimLink }
    output.result(
      { version: VERSION, port, addresses, sockets, data: folder ?? null, ...claim },
      '',
    )
    return
  }
  // Whoever collects structured logs reads standard output line by line.
  if (!isTextLog(config)) {
    logger('server').info('listening', { version: VERSION, addresses, sockets, data: folder })
    return
  }
  output.say(`Latchkey ${VERSION} is listening.`)
  for (const address of addresses) output.say(`  ${address}`)
  for (const socket of sockets) output.say(`  ${socket}<channel>   itty-sockets`)
  output.say(`  ${addresses[0]}/dashboard`)
  output.say(folder === undefined ? '  in memory only, no file' : `  data folder ${folder}`)
  if (config.metricsPort !== undefined) {
    output.say(`  metrics http://${config.metricsHost}:${config.metricsPort}/metrics`)
  }
  if (config.tlsCert === undefined && !isLoopback(config.host) && config.publicUrl === undefined) {
    output.say(
      '  Keys travel in the clear on this address: put a proxy with a certificate in front, or use --tls-cert.',
    )
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
