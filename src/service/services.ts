/** Everything that the command line and the HTTP API can do to the settings, over one open data folder. */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { Keyring } from '../identity/keyring.ts'
import { loadMasterKey } from '../identity/master-key.ts'
import { StartError } from '../start-error.ts'
import { type Store, closeStore, openStore } from '../store/database.ts'
import { readFact, writeFact } from '../store/facts.ts'
import { PROOF, makeProof, opensProof } from '../store/proof.ts'
import { AccountService } from './accounts.ts'
import { AccessTokenService } from './access-tokens.ts'
import { ReservationService } from './reservations.ts'

export interface Services {
  /** The data folder as an absolute path. */
  readonly folder: string
  readonly store: Store
  readonly keyring: Keyring
  readonly accounts: AccountService
  readonly accessTokens: AccessTokenService
  readonly reservations: ReservationService
  close(): void
}

const QUOTA = 'max-reservations'

/**
 * Opens a data folder, and makes on first use what is missing: folder, database, master key, owner account.
 * @param decidesQuota whether this process says how many reservations an account may have; a command that
 *   was not told follows the server that last ran
 * @throws StartError when something outside the program prevents it
 */
export function openServices(
  config: Pick<Config, 'data' | 'masterKey' | 'maxReservations'>,
  clock: Clock,
  decidesQuota: boolean,
): Services {
  const folder = resolve(config.data)
  makeFolder(folder)
  const store = openStore(folder)
  const keyring = new Keyring(loadMasterKey(folder, config.masterKey))
  proveMasterKey(store, keyring)
  const quota = agreedQuota(store, config.maxReservations, decidesQuota)
  const accounts = new AccountService(store, clock)
  accounts.ensureOwner()
  return {
    folder,
    store,
    keyring,
    accounts,
    accessTokens: new AccessTokenService(store, clock),
    reservations: new ReservationService(store, keyring, clock, quota),
    close: () => closeStore(store),
  }
}

function agreedQuota(store: Store, given: number, decides: boolean): number {
  const known = readFact(store, QUOTA)?.toString()
  if (!decides) return known === undefined ? given : Number(known)
  if (known !== String(given)) writeFact(store, QUOTA, Buffer.from(String(given)))
  return given
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StartError(`the data folder ${folder} cannot be made: ${(error as Error).message}`)
  }
}

/** A wrong master key must stop the start, not show up later as keys that no longer fit. */
function proveMasterKey(store: Store, keyring: Keyring): void {
  const proof = readFact(store, PROOF)
  if (proof === undefined) writeFact(store, PROOF, makeProof(keyring))
  else if (!opensProof(proof, keyring)) {
    throw new StartError(
      'the master key does not belong to this database; restore the right master.key',
    )
  }
}
