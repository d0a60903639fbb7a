/** The name of the public address and the ways to it: DNS records, and a TCP connection to each of them. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type Finding, errorText, reporter } from './finding.ts'
import type { Probe } from './probe.ts'
import { type Trouble, dial, troubleText } from './raw-connection.ts'

export interface Address {
  readonly address: string
  readonly family: number
}

const dns = reporter('dns')
const connection = reporter('connection')

/** Finds an address that answers and keeps it for the checks that follow; returns whether there is one. */
export async function* checkName(probe: Probe): AsyncGenerator<Finding, boolean> {
  const { host } = probe.target
  const family = isIP(host)
  if (family !== 0) {
    yield dns.skipped(`${host} is an address, not a name`)
    return yield* checkAddresses(probe, [{ address: host, family }])
  }
  const found = await resolve(host, probe.timeoutMs)
  if (typeof found === 'string') {
    yield dns.wrong(`${host} does not resolve (${found})`, [
      `add an A record for ${host} with the public IPv4 address of the server, and wait for it to spread`,
    ])
    return false
  }
  yield dns.ok(`${host} is ${found.map((entry) => entry.address).join(', ')}`)
  return yield* checkAddresses(probe, found)
}

/** The addresses, or the code of the error. */
async function resolve(host: string, timeoutMs: number): Promise<Address[] | string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolved) => {
    timer = setTimeout(() => resolved('ETIMEDOUT'), timeoutMs)
  })
  const answer = lookup(host, { all: true }).catch((error: unknown) => errorText(error))
  const found = await Promise.race([answer, late])
  clearTimeout(timer)
  return found
}

/** Tries every address at once: a browser that picks a dead one is the user who cannot connect. */
export async function* checkAddresses(
  probe: Probe,
  addresses: readonly Address[],
): AsyncGenerator<Finding, boolean> {
  const { target, timeoutMs, authorities } = probe
  const plain = { ...target, secure: false }
  const tries = await Promise.all(
    addresses.map(async (entry) => {
      const outcome = await dial({ target: plain, address: entry.address, timeoutMs, authorities })
      if (outcome.ok) outcome.value.end()
      return { ...entry, trouble: outcome.ok ? undefined : outcome.trouble }
    }),
  )
  const alive = tries.find((entry) => entry.trouble === undefined)
  probe.address = alive?.address
  if (!alive) {
    const [first] = tries
    const why = first?.trouble ? troubleText(first.trouble) : 'has no address'
    yield connection.wrong(`${target.authority} ${why}`, closedLines(target.port, first?.trouble))
    return false
  }
  yield connection.ok(`port ${target.port} of ${alive.address} answers`)
  for (const entry of tries) if (entry.trouble) yield deadAddress(entry, entry.trouble, target.port)
  return true
}

function deadAddress(entry: Address, trouble: Trouble, port: number): Finding {
  if (entry.family === 6 && trouble.kind === 'unreachable') {
    return connection.skipped(`${entry.address} was not tried: this machine has no way to IPv6`)
  }
  const record = entry.family === 6 ? 'AAAA' : 'A'
  return connection.warning(
    `${entry.address} (${record} record) ${troubleText(trouble)}; clients that pick it hang or fail`,
    [
      entry.family === 6
        ? `make the proxy listen on IPv6 as well (nginx: \`listen [::]:${port} …\`), or remove the AAAA record`
        : `make port ${port} reachable at ${entry.address}, or remove the A record`,
    ],
  )
}

function closedLines(port: number, trouble: Trouble | undefined): string[] {
  if (trouble?.kind === 'refused') {
    return [
      `start the proxy (or Latchkey) so that it listens on port ${port} of its public address`,
    ]
  }
  return [
    `let TCP port ${port} through: firewall (ufw allow ${port}/tcp), cloud security group, router`,
  ]
}
