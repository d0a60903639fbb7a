/** Who asks about push notifications: somebody who administers them, or a device or client for itself (RSH6). */
import { type Failure, type Result, fail, failure, ok } from '../../../failure.ts'
import { isSameText } from '../../../identity/api-key.ts'
import { decodeBase64Text } from '../../../identity/base64-text.ts'
import { findCredentials } from '../../../identity/credentials.ts'
import { looksLikeDeviceToken } from '../../../identity/device-token.ts'
import type { Directory, DirectoryKey } from '../../../identity/directory.ts'
import { type Arrival, refusalToUse } from '../../../identity/key-check.ts'
import type { TokenNumbers } from '../../../identity/native-token.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import { type Capability, restrictTo } from '../../../policy/capability/capability.ts'
import { CapabilityChecker } from '../../../policy/capability/checker.ts'
import { intersect } from '../../../policy/capability/intersection.ts'
import { publishingClientId } from '../../../policy/client-identity.ts'
import {
  type DeviceToSave,
  type PushDevice,
  type PushDevices,
  type SubscriptionFilter,
  earliest,
} from '../../../push/device.ts'
import { type AuthorizeParts, identify } from './authorize.ts'
import type { RestCall } from './routes.ts'

export interface CallerParts extends AuthorizeParts {
  readonly directory: Directory
  readonly devices: PushDevices
  /** For what is registered with a key: where it comes among the tokens issued here. */
  readonly numbers: TokenNumbers
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A device that shows nothing but its token. */
interface Lone {
  readonly device: PushDevice
  readonly rights: Rights
}

interface Rights {
  readonly capability: Capability
  readonly checker: CapabilityChecker
}

/**
 * Whoever asks.
 * @param mayAsk what they are refused for, apart from who they are
 */
export async function identifyCaller(
  parts: CallerParts,
  call: RestCall,
  mayAsk?: (caller: PushCaller) => Result<unknown>,
): Promise<Result<PushCaller>> {
  const caller = await findCaller(parts, call)
  const allowed = caller.ok && mayAsk ? mayAsk(caller.value) : caller
  return allowed.ok ? caller : allowed
}

async function findCaller(parts: CallerParts, call: RestCall): Promise<Result<PushCaller>> {
  const found = findCredentials(call.request.headers, call.query)
  if (!found.ok) return found
  const { credential } = found.value
  if (credential?.kind === 'token' && looksLikeDeviceToken(credential.text)) {
    const lone = identifyDevice(parts, credential.text, call)
    return lone.ok ? ok(new PushCaller(parts, call, lone.value, undefined)) : lone
  }
  const principal = await identify(parts.authenticator, call)
  return principal.ok ? ok(new PushCaller(parts, call, undefined, principal.value)) : principal
}

function identifyDevice(parts: CallerParts, token: string, call: RestCall): Result<Lone> {
  const device = parts.devices.byToken(token)
  const key = device && keyOf(parts.directory, device)
  if (!device || !key) return fail('credentials_wrong', 'the token of the device is not valid')
  call.countFor(device.appId)
  const refusal = deviceRefusal(parts, device, call)
  if (refusal) return { ok: false, failure: refusal }
  const capability = intersect(device.grant.capability, key.capability)
  if (!capability.ok) return capability
  const checker = new CapabilityChecker(capability.value)
  return ok({ device, rights: { capability: capability.value, checker } })
}

function keyOf(directory: Directory, { appId, keyId }: PushDevice): DirectoryKey | undefined {
  return directory.key(`${appId}.${keyId}`)
}

/** Why a device counts no more: its key or app ended, or what it was registered with was revoked. */
export function deviceRefusal(
  { directory, now }: Pick<CallerParts, 'directory' | 'now'>,
  device: PushDevice,
  arrival: Arrival,
): Failure | undefined {
  const key = keyOf(directory, device)
  if (!key) return failure('key_revoked')
  const moment = now()
  const isRevoked = device.endsAt !== undefined && device.endsAt <= moment
  return (
    refusalToUse(key, directory, arrival, moment) ??
    (isRevoked ? failure('token_revoked') : undefined)
  )
}

/** What does not come from the description of a device, but from who registers it. */
export type Registration = Pick<DeviceToSave, 'keyId' | 'grant' | 'endsAt'>

export class PushCaller {
  readonly appId: string
  readonly #parts: CallerParts
  readonly #call: RestCall
  readonly #lone: Lone | undefined
  readonly #principal: AppPrincipal | undefined

  constructor(
    parts: CallerParts,
    call: RestCall,
    lone: Lone | undefined,
    principal: AppPrincipal | undefined,
  ) {
    this.#parts = parts
    this.#call = call
    this.#lone = lone
    this.#principal = principal
    this.appId = lone?.device.appId ?? principal!.appId
  }

  get isAdmin(): boolean {
    return this.admin().ok
  }

  /** @returns `capability_refused` for anybody else */
  admin(): Result<unknown> {
    const principal = this.#principal
    const refusal =
      principal && this.#parts.acts.gate.app(principal, 'push-admin', this.#call.secure)
    if (refusal) return { ok: false, failure: refusal }
    if (principal) return ok(undefined)
    return fail('capability_refused', 'the token of a device permits what concerns that device')
  }

  /** Whether they administer push notifications, or are a device that may have them and asks about itself. */
  forDevice(id: string | undefined): Result<unknown> {
    return this.#isDevice(id) && this.#maySubscribe(undefined) ? ok(undefined) : this.admin()
  }

  /**
   * Whether they administer push notifications, or ask about nobody but themselves.
   * @param filter with a device, a client, or both
   */
  forSubscriptions({ channel, deviceId, clientId }: SubscriptionFilter): Result<unknown> {
    if (this.isAdmin) return ok(undefined)
    const isNobody = deviceId === undefined && clientId === undefined
    const isOwn =
      !isNobody &&
      (deviceId === undefined || this.#isDevice(deviceId)) &&
      (clientId === undefined || this.#isClient(clientId))
    return isOwn && this.#maySubscribe(channel) ? ok(undefined) : this.admin()
  }

  /** Whether they may register a device that is not registered yet. */
  forNewDevice(): Result<unknown> {
    return this.#maySubscribe(undefined) ? ok(undefined) : this.admin()
  }

  /** Whether they may register a device anew; its own secret is enough. */
  forKnownDevice({ id, secret: known }: PushDevice, secret: string | undefined): Result<unknown> {
    if (known !== undefined && secret !== undefined && isSameText(known, secret))
      return this.forNewDevice()
    return this.forDevice(id)
  }

  /**
   * The client that a device may be registered for.
   * @returns `client_id_invalid` if it is somebody else, whose notifications it would get
   */
  clientIdFor(wanted: string | undefined, known?: PushDevice): Result<string | undefined> {
    if (this.isAdmin || (known !== undefined && wanted === known.clientId)) return ok(wanted)
    if (this.#principal) return publishingClientId(this.#principal, wanted)
    return wanted === undefined ? ok(wanted) : fail('client_id_invalid')
  }

  /**
   * What a device has that they register, and the key that it counts as long as. One that another device registers is
   * bound as that is.
   * @param clientId of the new device
   */
  registration(clientId: string | undefined): Registration {
    if (this.#lone) {
      const { keyId, grant, endsAt } = this.#lone.device
      return { keyId, grant, endsAt }
    }
    const { keyId, capability, method, tokenClientId, ...token } = this.#principal!
    const granted = restrictTo(capability, 'push-subscribe')
    if (method === 'basic') {
      const moment = { issued: this.#parts.now(), number: this.#parts.numbers.next() }
      const known = { tokenClientId: clientId, tokenResources: [...granted.keys()] }
      return { keyId, grant: { capability: granted, origin: { method, ...moment, ...known } } }
    }
    const { issued, number, revocationKey, tokenResources } = token
    const origin = {
      method,
      issued: issued!,
      number,
      tokenClientId,
      revocationKey,
      tokenResources: [...(tokenResources ?? [])],
    }
    return { keyId, grant: { capability: granted, origin } }
  }

  /**
   * What a known device has after they have changed it: what it had, for its token may be with somebody else. Of
   * another client it is by their credentials, so it ends with these too.
   */
  registrationOf(known: PushDevice, clientId: string | undefined): Registration {
    const { keyId, grant, endsAt } = known
    if (clientId === known.clientId || !this.#principal) return { keyId, grant, endsAt }
    const { method, issued = Infinity, number } = this.#principal
    const { origin } = grant
    const isEarlier = issued < origin.issued
    const revokedFrom = this.#parts.directory.revocations.revokedFrom(this.#principal)
    return {
      keyId,
      grant: isEarlier ? { ...grant, origin: { ...origin, method, issued, number } } : grant,
      endsAt: earliest(endsAt, revokedFrom),
    }
  }

  #isDevice(id: string | undefined): boolean {
    if (id === undefined) return false
    if (this.#lone) return this.#lone.device.id === id
    const token = this.#shown('x-ably-devicetoken')
    if (token !== undefined) {
      const device = this.#parts.devices.byToken(token)
      if (device?.appId !== this.appId || device.id !== id) return false
      return deviceRefusal(this.#parts, device, this.#call) === undefined
    }
    const secret = this.#shown('x-ably-devicesecret')
    const known =
      secret === undefined ? undefined : this.#parts.devices.find(this.appId, id)?.secret
    return known !== undefined && isSameText(known, secret!)
  }

  /** SDKs send it as it is or in base64. */
  #shown(header: string): string | undefined {
    const value = this.#call.request.headers.get(header)
    if (value === null || looksLikeDeviceToken(value)) return value ?? undefined
    const decoded = decodeBase64Text(value)
    return decoded !== undefined && looksLikeDeviceToken(decoded) ? decoded : value
  }

  #isClient(clientId: string): boolean {
    return this.#principal !== undefined && publishingClientId(this.#principal, clientId).ok
  }

  /** @param channel undefined for anywhere */
  #maySubscribe(channel: string | undefined): boolean {
    const { capability, checker } = this.#lone?.rights ?? this.#principal!
    const holder = { appId: this.appId, capability, checker }
    const { gate } = this.#parts.acts
    return gate.pushSubscribe(holder, this.#call.secure, channel) === undefined
  }
}
