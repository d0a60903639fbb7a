/** What a server prints after it has started. */
import { isTextLog, logger } from '../ops/logs.ts'
import type { RunningServer } from '../server.ts'
import { VERSION } from '../version.ts'
import type { CommandContext } from './command.ts'

/** What a command adds to the addresses of the server. */
export interface Welcome {
  /** Further members of the JSON document. */
  members(server: RunningServer): object
  /** Further lines, or structured logs; not called where JSON is printed. */
  say(server: RunningServer): void
}

/**
 * The root key is printed to a terminal only, so that it does not end up in the logs of a service manager or container;
 * there `keys rotate` makes a new secret.
 */
export function announceKey(
  { unshownKey }: RunningServer,
  { config, output }: CommandContext,
): void {
  if (!unshownKey || output.json) return
  // Text output may be collected too, so the format does not tell whether a person reads it.
  if (process.stdout.isTTY && isTextLog(config)) {
    output.say(`  root key ${unshownKey.reveal()}   shown only this once`)
    return
  }
  // Only at the start that made the key, not at every start until somebody has seen it.
  if (config.inMemory || !unshownKey.isNew) return
  const hint = 'a root key was made; latchkey keys rotate shows a secret of it'
  logger('server').info(hint, { key: unshownKey.name })
}

/** Printed as text even where that is collected, because the link works once and for an hour; not in structured logs, which are kept longer. */
export function announceClaim(
  { claimLink }: RunningServer,
  { config, output }: CommandContext,
): void {
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

/** Prints the addresses of the server, what the command adds, and warnings. */
export function announce(server: RunningServer, context: CommandContext, welcome: Welcome): void {
  sayWhere(server, context, welcome)
  const { fewFiles } = server
  if (fewFiles && !context.output.json)
    logger('server').warn('few files may be open', { ...fewFiles })
}

function sayWhere(
  server: RunningServer,
  { config, output }: CommandContext,
  welcome: Welcome,
): void {
  const { addresses, fewFiles, folder, port } = server
  const sockets = addresses.map((address) => `${address.replace(/^http/, 'ws')}/c/`)
  if (output.json) {
    const own = { version: VERSION, port, addresses, sockets, data: folder ?? null, fewFiles }
    output.result({ ...own, ...welcome.members(server) }, '')
    return
  }
  // Structured logs go to standard output line by line, so nothing else is printed there.
  if (!isTextLog(config)) {
    logger('server').info('listening', { version: VERSION, addresses, sockets, data: folder })
    welcome.say(server)
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
  welcome.say(server)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
