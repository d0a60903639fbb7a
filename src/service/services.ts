/** All services over one open data folder: what the command line, the HTTP API, the dashboard and protocols share. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { Keyring } from '../identity/keyring.ts'
import { loadMasterKey, newMasterKey } from '../identity/master-key.ts'
import { PasswordHasher } from '../identity/password.ts'
import { StartError } from '../start-error.ts'
import { isSqliteTrouble, plainly } from '../trouble.ts'
import {
  DATABASE_FILE,
  type Store,
  closeStore,
  closeStoreQuietly,
  openMemoryStore,
  openStore,
} from '../store/database.ts'
import { lastChange } from '../store/tables/changes.ts'
import { readFact, writeFact } from '../store/tables/facts.ts'
import { Ledger } from '../store/ledger/ledger.ts'
import { fileTrouble } from '../store/sqlite-file.ts'
import { PROOF, makeProof, opensProof } from '../store/proof.ts'
import { AccountService } from './accounts/accounts.ts'
import { isServed } from './control/control-client.ts'
import { AccessTokenService } from './accounts/access-tokens.ts'
import { ApiKeyService } from './apps/api-keys.ts'
import { AppService } from './apps/apps.ts'
import { AuditService } from './audit/audit.ts'
import { ChannelRuleService } from './apps/channel-rules.ts'
import { OneTimeLinkService } from './accounts/one-time-links.ts'
import { PeopleService } from './accounts/people.ts'
import { PushDeviceService } from '../device-push/device-service.ts'
import { PushSubscriptionService } from '../device-push/subscription-service.ts'
import { ReservationPreviewService } from './reservations/reservation-preview.ts'
import { ReservationService } from './reservations/reservations.ts'
import { refoldNames } from './reservations/reserved-names.ts'
import { RevocationService } from './tokens/revocations.ts'
import { RootKey } from './apps/root-key.ts'
import { SessionService } from './accounts/sessions.ts'
import { SignInMethodService } from './accounts/sign-in-methods.ts'
import { SignUp } from './accounts/sign-up.ts'
import { StatsService } from './stats/stats.ts'
import { TokenOrder } from './tokens/token-order.ts'
import { TokenService } from './tokens/tokens.ts'

export interface Services {
  /** The data folder as an absolute path; undefined where everything is in memory. */
  readonly folder: string | undefined
  readonly store: Store
  /** The only way in which settings are written. */
  readonly ledger: Ledger
  readonly keyring: Keyring
  /** Records who changed what; the other services ask it who acts. */
  readonly audit: AuditService
  readonly accounts: AccountService
  readonly accessTokens: AccessTokenService
  readonly reservations: ReservationService
  readonly reservationPreviews: ReservationPreviewService
  readonly apps: AppService
  readonly apiKeys: ApiKeyService
  readonly channelRules: ChannelRuleService
  readonly rootKey: RootKey
  readonly revocations: RevocationService
  readonly tokens: TokenService
  readonly tokenOrder: TokenOrder
  readonly people: PeopleService
  readonly signInMethods: SignInMethodService
  readonly sessions: SessionService
  readonly oneTimeLinks: OneTimeLinkService
  readonly signUp: SignUp
  readonly stats: StatsService
  readonly pushDevices: PushDeviceService
  readonly pushSubscriptions: PushSubscriptionService
  /**
   * Opens the listeners if no other server runs on this folder.
   * @param open runs in one transaction: what it writes is undone if it throws
   * @throws StartError if another server runs on the folder
   */
  claimFolder<T>(open: () => T): Promise<T>
  /** Ends a server's use of the folder; resolves once the disk has everything that was written. */
  stop(): Promise<void>
  /** The number of the last change (`store/tables/changes.ts`), by which a command sees whether it has changed anything. */
  lastChange(): number
  close(): void
}

const QUOTA = 'max-reservations'

type ServiceSettings = Pick<Config, 'data' | 'inMemory' | 'masterKey' | 'maxReservations'>

/**
 * Opens a data folder, and makes on first use what is missing: folder, database, master key, owner account, default app.
 * @param decidesQuota whether this process says how many reservations an account may have; a command that
 *   was not told follows the server that last ran
 * @throws StartError when something outside the program prevents it
 */
export function openServices(
  config: ServiceSettings,
  clock: Clock,
  decidesQuota: boolean,
): Services {
  const folder = config.inMemory ? undefined : resolve(config.data)
  if (folder !== undefined) makeFolder(folder)
  const store = folder === undefined ? openMemoryStore() : openStore(folder)
  try {
    return servicesOver({ config, clock, decidesQuota, folder, store })
  } catch (error) {
    closeStoreQuietly(store)
    throw databaseTrouble(folder, error)
  }
}

/** Adds the path of the database to an error of SQLite, at any step of a start or a command. */
export function databaseTrouble(folder: string | undefined, error: unknown): unknown {
  if (folder === undefined || !isSqliteTrouble(error)) return error
  const path = join(folder, DATABASE_FILE)
  return new StartError(`${path} cannot be used: ${fileTrouble(path, error)}`, { cause: error })
}

export interface Foundation {
  readonly config: ServiceSettings
  readonly clock: Clock
  readonly decidesQuota: boolean
  readonly folder: string | undefined
  readonly store: Store
}

/** Builds the services over an open database. */
export function servicesOver({ config, clock, decidesQuota, folder, store }: Foundation): Services {
  const ledger = new Ledger(store, folder)
  refoldNames(store, ledger)
  const keyring = openKeyring({ store, ledger, folder }, config.masterKey)
  const quota = agreedQuota({ store, ledger }, config.maxReservations, decidesQuota)
  const audit = new AuditService({ store, ledger, clock })
  const parts = { store, ledger, clock, audit }
  const accounts = new AccountService(parts)
  const apps = new AppService(parts)
  const apiKeys = new ApiKeyService(parts, keyring)
  const rootKey = new RootKey(parts, apps, apiKeys)
  const people = new PeopleService(parts)
  const hasher = new PasswordHasher(undefined, () => ledger.ready())
  const signInMethods = new SignInMethodService(parts, people, hasher)
  const oneTimeLinks = new OneTimeLinkService(parts)
  const tokenOrder = new TokenOrder(parts)
  const pushDevices = new PushDeviceService({ store, ledger, keyring, clock })
  const revocations = new RevocationService({ ...parts, order: tokenOrder, devices: pushDevices })
  rootKey.ensure(accounts.ensureOwner())
  return {
    folder,
    store,
    ledger,
    keyring,
    audit,
    accounts,
    accessTokens: new AccessTokenService(parts),
    reservations: new ReservationService(parts, keyring, quota),
    reservationPreviews: new ReservationPreviewService(store, keyring),
    apps,
    apiKeys,
    channelRules: new ChannelRuleService(parts),
    rootKey,
    revocations,
    tokens: new TokenService({ store, keyring, clock, revocations, order: tokenOrder }),
    tokenOrder,
    people,
    signInMethods,
    sessions: new SessionService(parts, people),
    oneTimeLinks,
    signUp: new SignUp({ ledger, accounts, oneTimeLinks, people, signInMethods, audit }),
    stats: new StatsService(parts),
    pushDevices,
    pushSubscriptions: new PushSubscriptionService({ store, ledger, keyring, clock }),
    claimFolder: (open) => claimFolder(ledger, folder, open),
    stop: async () => {
      await ledger.close()
      closeStore(store)
    },
    lastChange: () => lastChange(store),
    close: () => closeStore(store),
  }
}

/**
 * Holds the write lock of the database, so that of two servers that start at once the second sees the first. What is
 * written meanwhile belongs to the same transaction: a separate write would wait for the lock of the second server,
 * which itself waits for the first to answer.
 */
async function claimFolder<T>(
  ledger: Ledger,
  folder: string | undefined,
  open: () => T,
): Promise<T> {
  if (folder === undefined) return open()
  return ledger.exclusively(async () => {
    if (await isServed(folder)) {
      throw new StartError(`another server is running on the data folder ${folder}`)
    }
    return open()
  })
}

interface Written {
  readonly store: Store
  readonly ledger: Ledger
}

function agreedQuota({ store, ledger }: Written, given: number, decides: boolean): number {
  const known = readFact(store, QUOTA)?.toString()
  if (!decides) return known === undefined ? given : Number(known)
  if (known !== String(given))
    ledger.write(() => writeFact(store, QUOTA, Buffer.from(String(given))))
  return given
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StartError(`the data folder ${folder} cannot be made: ${plainly(error)}`)
  }
}

/** Stops the start where the master key is wrong: otherwise stored keys would silently no longer match. */
function openKeyring(
  { store, ledger, folder }: Written & { readonly folder: string | undefined },
  given: string | undefined,
): Keyring {
  const proof = readFact(store, PROOF)
  const key =
    folder === undefined ? newMasterKey(given) : loadMasterKey(folder, given, proof === undefined)
  const keyring = new Keyring(key)
  if (proof === undefined) ledger.write(() => writeFact(store, PROOF, makeProof(keyring)))
  else if (!opensProof(proof, keyring)) {
    throw new StartError(
      'the master key does not belong to this database; restore the right master.key',
    )
  }
  return keyring
}
