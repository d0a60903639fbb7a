/** Whether the internet can reach what this server listens on. */
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import type { Config } from '../config.ts'
import { isPublicAddress } from '../policy/address.ts'

/** An address or a name under which everybody can reach the server, or undefined if there seems to be none. */
export async function publicAddress({
  host,
  publicUrl,
}: Pick<Config, 'host' | 'publicUrl'>): Promise<string | undefined> {
  const listened = await addressesOf(host)
  const own = listened.find(isPublicAddress)
  if (own !== undefined || publicUrl === undefined) return own
  // A name does not say who can reach it; but whoever has one for the server wants others to.
  const name = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')
  const isOwn = name === 'localhost' || name.endsWith('.localhost')
  return isOwn || !isPublicAddress(name) ? undefined : name
}

async function addressesOf(host: string): Promise<string[]> {
  if (host === 'localhost') return []
  if (host === '0.0.0.0' || host === '::') {
    const interfaces = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
    return interfaces
      .filter(({ family }) => host === '::' || family === 'IPv4')
      .map(({ address }) => address)
  }
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    // Listening on that name will fail too, with a better message.
    return []
  }
}
