/** Keeps a sandbox off the internet. */
import type { Config } from '../config.ts'
import { publicAddress } from '../ops/public-address.ts'
import { StartError } from '../start-error.ts'

/**
 * Whoever reaches a sandbox can fill it, which is no harm among colleagues and much on the internet.
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
