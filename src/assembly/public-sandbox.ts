/** Refuses to start a sandbox that the internet could reach. */
import type { Config } from '../config.ts'
import { publicAddress } from '../ops/public-address.ts'
import { StartError } from '../start-error.ts'

/**
 * Anybody who reaches a sandbox can make apps and fill it, so it must not listen on a public address by mistake.
 * @throws StartError where it would be on a public address
 */
export async function refusePublicSandbox(config: Config): Promise<void> {
  if (!config.sandbox || config.sandboxOnPublicAddress) return
  const address = await publicAddress(config)
  if (address === undefined) return
  throw new StartError(
    `--sandbox lets anyone make apps, and ${address} is a public address; listen elsewhere, or add --sandbox-on-public-address`,
  )
}
