/** `latchkey dev` */
import { isTextLog } from '../../ops/logs.ts'
import type { RunningServer } from '../../server.ts'
import type { Welcome } from '../announce.ts'
import type { Command, CommandContext } from '../command.ts'
import { runServer } from './serve.ts'

export const dev: Command = {
  name: 'dev',
  summary: 'Run a server for development and tests: in memory, with a sandbox',
  positionals: [],
  options: [],
  settings: 'all',
  isServer: true,
  implied: { 'in-memory': 'true', sandbox: 'true' },
  run: (context) => runServer(context, welcome(context)),
}

/** May be printed anywhere: the key ends with the server and opens nothing else. */
function welcome({ config, output }: CommandContext): Welcome {
  return {
    members: (server) => ({ ably: ablyOptions(server), claim: server.claimLink }),
    say: (server) => {
      if (!isTextLog(config)) return
      const address = server.addresses[0]!
      output.say(`  dashboard    ${server.claimLink ?? `${address}/dashboard`}`)
      output.say(`  itty-sockets connect('${address.replace(/^http/, 'ws')}/c/lobby')`)
      output.say(`  Ably         new Ably.Realtime(${optionsText(ablyOptions(server))})`)
      output.say(`  tests        POST ${address}/apps makes an app with keys of its own`)
    },
  }
}

interface AblyOptions {
  readonly key: string | undefined
  readonly endpoint: string
  readonly port: number
  readonly tls: boolean
}

/** The options with which an SDK connects to the server. */
function ablyOptions({ addresses, unshownKey }: RunningServer): AblyOptions {
  const { hostname, port, protocol } = new URL(addresses[0]!)
  const tls = protocol === 'https:'
  return {
    key: unshownKey?.reveal(),
    endpoint: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    tls,
  }
}

/** In JavaScript syntax. */
function optionsText(options: AblyOptions): string {
  const members = Object.entries(options).map(([name, value]) =>
    typeof value === 'string' ? `${name}: '${value}'` : `${name}: ${value}`,
  )
  return `{ ${members.join(', ')} }`
}
