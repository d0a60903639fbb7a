/** The caller of a device push request: an administrator, or a device or client for itself (RSH6). */
import { type Result, fail, ok } from '../../../../failure.ts'
import { isSameText } from '../../../../identity/api-key.ts'
import { decodeBase64Text } from '../../../../identity/base64-text.ts'
import { looksLikeDeviceToken } from '../../../../identity/device-token.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import {
  type DeviceParts,
  type DeviceRights,
  type Registration,
  deviceRefusal,
  registrationBy,
  registrationByDevice,
  registrationChangedBy,
  rightsOf,
} from '../../../../device-push/device-rights.ts'
import type { PushDevice, PushDevices, SubscriptionFilter } from '../../../../device-push/device.ts'
import { type AuthorizeParts, identify } from '../../http/authorize.ts'
import type { RestCall } from '../../http/router.ts'

export interface CallerParts extends AuthorizeParts, DeviceParts {
  readonly devices: PushDevices
}

/** A device that authenticates with nothing but its own token. */
interface Lone {
  readonly device: PushDevice
  readonly rights: DeviceRights
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
  const found = call.credentials
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
  if (!device) return fail('credentials_wrong', 'the token of the device is not valid')
  const tooMuch = call.charge(device)
  if (tooMuch) return { ok: false, failure: tooMuch }
  const rights = rightsOf(parts, device, call)
  return rights.ok ? ok({ device, rights: rights.value }) : rights
}

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

  /** Whether the caller may administer push notifications, or subscribe and asks about its own device. */
  forDevice(id: string | undefined): Result<unknown> {
    return this.#isDevice(id) && this.#maySubscribe(undefined) ? ok(undefined) : this.admin()
  }

  /**
   * Whether the caller may administer push notifications, or asks about itself.
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

  /** Whether the caller may register a new device. */
  forNewDevice(): Result<unknown> {
    return this.#maySubscribe(undefined) ? ok(undefined) : this.admin()
  }

  /** Whether the caller may register a known device again, for which its secret is enough. */
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
    if (this.#principal) return this.#parts.acts.gate.actAs(this.#principal, wanted)
    return wanted === undefined ? ok(wanted) : fail('client_id_invalid')
  }

  /**
   * The rights of a device that the caller registers, and the key that it depends on.
   * @param clientId of the new device
   */
  registration(clientId: string | undefined): Registration {
    return this.#lone
      ? registrationByDevice(this.#lone.device)
      : registrationBy(this.#parts, this.#principal!, clientId)
  }

  /** The rights of a known device after the caller has changed it. */
  registrationOf(known: PushDevice, clientId: string | undefined): Registration {
    return clientId === known.clientId || !this.#principal
      ? registrationByDevice(known)
      : registrationChangedBy(this.#parts, this.#principal, known)
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

  /** SDKs send the secret plain or in base64. */
  #shown(header: string): string | undefined {
    const value = this.#call.request.headers.get(header)
    if (value === null || looksLikeDeviceToken(value)) return value ?? undefined
    const decoded = decodeBase64Text(value)
    return decoded !== undefined && looksLikeDeviceToken(decoded) ? decoded : value
  }

  #isClient(clientId: string): boolean {
    const { gate } = this.#parts.acts
    return this.#principal !== undefined && gate.actAs(this.#principal, clientId).ok
  }

  /** @param channel undefined for anywhere */
  #maySubscribe(channel: string | undefined): boolean {
    const rights = this.#lone?.rights ?? this.#principal!
    const { gate } = this.#parts.acts
    return gate.push.subscribe(this.appId, rights, this.#call.secure, channel) === undefined
  }
}
