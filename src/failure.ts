/**
 * The table of expected failures. A failure is a value that travels up to an adapter, which words it
 * in its protocol's own form; exceptions are kept for bugs.
 */

interface Row {
  /** HTTP status an adapter answers with, when it answers over HTTP. */
  readonly status: number
  /** Safe to show to a stranger: names no key, no account and no rule. */
  readonly message: string
  /** Whether the same request can succeed later without being changed. */
  readonly retry: boolean
}

const table = {
  bad_request: { status: 400, message: 'the request cannot be understood', retry: false },
  bad_channel: {
    status: 400,
    message: 'the channel name is empty or not valid UTF-8',
    retry: false,
  },
  bad_query: { status: 400, message: 'the query is not valid UTF-8', retry: false },
  path_too_long: { status: 414, message: 'the path is too long', retry: false },
  channel_too_long: { status: 414, message: 'the channel name is too long', retry: false },
  alias_too_long: { status: 400, message: 'the alias is too long', retry: false },
  upgrade_required: { status: 426, message: 'a WebSocket upgrade is required here', retry: false },
  method_not_allowed: { status: 405, message: 'the method is not allowed here', retry: false },
  not_found: { status: 404, message: 'there is nothing here', retry: false },
  internal: { status: 500, message: 'an internal error, which has been logged', retry: true },

  join_refused: { status: 403, message: 'the join key is missing or wrong', retry: false },
  keys_refused: { status: 403, message: 'keys cannot be set on this channel', retry: false },
  channel_not_open: { status: 403, message: 'this channel is not open', retry: false },
  push_refused: { status: 403, message: 'the send key is missing or wrong', retry: false },
  send_key_required: { status: 403, message: 'send key required', retry: false },
  access_changed: { status: 403, message: 'access to this channel has changed', retry: false },
  disconnected: { status: 403, message: 'disconnected by the operator', retry: true },

  recipient_unknown: { status: 404, message: 'no such member on this channel', retry: false },
  recipient_malformed: { status: 400, message: 'the recipient prefix is malformed', retry: false },
  not_json: { status: 400, message: 'the message is not valid JSON', retry: false },
  too_deep: { status: 400, message: 'the message is nested too deeply', retry: false },
  binary_frame: { status: 400, message: 'binary frames are not accepted', retry: false },
  reserved_event: { status: 400, message: 'the message type is reserved', retry: false },
  message_too_large: { status: 413, message: 'the message is too large', retry: false },
  append_mismatch: {
    status: 400,
    message: 'the data is not of a kind that can be appended to that of the message',
    retry: false,
  },

  message_id_invalid: { status: 400, message: 'the id of the message is not valid', retry: false },
  message_name_invalid: {
    status: 400,
    message: 'the name of the message is no text',
    retry: false,
  },
  data_invalid: { status: 400, message: 'the data of the message is not valid', retry: false },
  extras_invalid: { status: 400, message: 'the extras of the message are not valid', retry: false },
  too_many_messages: { status: 400, message: 'too many messages at once', retry: false },
  presence_client_id: { status: 400, message: 'presence needs a client id', retry: false },
  identity_required: { status: 401, message: 'this needs a client id', retry: false },
  own_needs_identity: {
    status: 401,
    message: 'without a client id no message counts as your own',
    retry: false,
  },
  channel_mode_refused: {
    status: 401,
    message: 'the channel was attached without the mode that this needs',
    retry: false,
  },
  not_attached: { status: 404, message: 'the channel is not attached', retry: false },
  connection_id_invalid: { status: 400, message: 'this is not your connection id', retry: false },
  connection_key_invalid: { status: 400, message: 'invalid connection key', retry: false },
  history_gone: {
    status: 400,
    message: 'the channel no longer knows the point from which history is wanted',
    retry: false,
  },
  messages_expired: {
    status: 404,
    message: 'unable to recover channel (messages expired)',
    retry: false,
  },
  force_nack: { status: 400, message: 'refused, as the request asks for', retry: false },
  version_unsupported: {
    status: 400,
    message: 'this version of the protocol is not supported',
    retry: false,
  },
  batch_has_errors: { status: 400, message: 'some parts of the batch have failed', retry: false },
  too_many_batch_channels: { status: 400, message: 'too many channels at once', retry: false },

  rate_limited: { status: 429, message: 'too many messages', retry: true },
  flooding: { status: 429, message: 'closed for sending too many messages', retry: true },
  push_rate: { status: 429, message: 'too many pushes from this address', retry: true },
  connection_rate: {
    status: 429,
    message: 'too many connection attempts from this address',
    retry: true,
  },
  address_connections: {
    status: 429,
    message: 'too many connections from this address',
    retry: true,
  },
  body_slow: { status: 408, message: 'the body took too long to arrive', retry: true },
  address_bodies: {
    status: 429,
    message: 'too much is being sent from this address at once',
    retry: true,
  },
  bodies_full: { status: 503, message: 'too much is being sent to this server', retry: true },
  banned: { status: 429, message: 'this address is banned for a while', retry: true },
  origin_refused: { status: 403, message: 'this origin is not allowed', retry: false },
  server_full: {
    status: 503,
    message: 'the server has no room for another connection',
    retry: true,
  },
  channel_full: { status: 503, message: 'the channel has no room for another member', retry: true },
  too_many_channels: {
    status: 503,
    message: 'the server has no room for another channel',
    retry: true,
  },
  app_channels: { status: 429, message: 'the app has no room for another channel', retry: true },
  // A status at which SDKs try again by themselves.
  app_connections: {
    status: 503,
    message: 'the app has no room for another connection',
    retry: true,
  },
  restarting: { status: 503, message: 'the server is restarting', retry: true },

  capability_invalid: { status: 400, message: 'the capability is not valid', retry: false },
  unauthorized: { status: 401, message: 'a valid access token is required', retry: false },
  forbidden: { status: 403, message: 'the access token does not permit this', retry: false },
  invalid: { status: 400, message: 'the input is not valid', retry: false },
  namespace_invalid: { status: 400, message: 'the namespace is not valid', retry: false },
  namespace_taken: { status: 409, message: 'the namespace is already reserved', retry: false },
  namespace_owned: {
    status: 403,
    message: 'the namespace lies under a root of another account',
    retry: false,
  },
  quota_reached: { status: 403, message: 'the account has no reservation left', retry: false },
  account_taken: { status: 409, message: 'an account of that name exists', retry: false },
  account_unknown: { status: 404, message: 'there is no such account', retry: false },
  account_needed: { status: 409, message: 'the owner account cannot be removed', retry: false },
  account_in_use: { status: 409, message: 'the account still has reservations', retry: false },
  reservation_unknown: { status: 404, message: 'there is no such reservation', retry: false },
  token_unknown: { status: 404, message: 'there is no such access token', retry: false },
  app_not_found: { status: 404, message: 'there is no such app', retry: false },
  app_taken: { status: 409, message: 'the account has an app of that name', retry: false },
  app_needed: { status: 409, message: 'the default app cannot be removed', retry: false },
  app_ambiguous: {
    status: 409,
    message: 'several accounts have an app of that name; use its id',
    retry: false,
  },
  key_not_found: { status: 404, message: 'there is no such key', retry: false },
  key_ambiguous: { status: 409, message: 'several keys have that name; use the id', retry: false },
  key_already_revoked: { status: 409, message: 'the key has been revoked', retry: false },
  key_has_old_secret: {
    status: 409,
    message: 'the key still has an old secret; retire that first',
    retry: false,
  },
  key_has_one_secret: { status: 409, message: 'the key has no old secret', retry: false },
  sandbox_off: {
    status: 404,
    message: 'apps are made here only where the server runs with a sandbox',
    retry: false,
  },
  attempt_rate: {
    status: 429,
    message: 'too many requests with missing or wrong credentials from this address',
    retry: true,
  },
  sandbox_full: { status: 429, message: 'the sandbox has no room for another app', retry: true },
  sandbox_only: {
    status: 403,
    message: 'with an API key only an app of the sandbox can be deleted',
    retry: false,
  },
  request_rate: { status: 429, message: 'too many requests from this address', retry: true },
  rule_not_found: { status: 404, message: 'there is no such channel rule', retry: false },
  rule_taken: { status: 409, message: 'the app has a rule of that id', retry: false },
  sign_in_refused: { status: 401, message: 'the email or the password is wrong', retry: false },
  sign_in_rate: {
    status: 429,
    message: 'too many attempts; wait a minute and try again',
    retry: true,
  },
  sign_in_busy: {
    status: 503,
    message: 'very many people are signing in; try again in a moment',
    retry: true,
  },
  sign_in_needed: { status: 401, message: 'sign in first', retry: false },
  cross_site: {
    status: 403,
    message: 'the request did not come from a page of this server',
    retry: false,
  },
  link_invalid: {
    status: 410,
    message: 'the link has expired or has been used before',
    retry: false,
  },
  email_taken: { status: 409, message: 'somebody has that email address already', retry: false },
  person_unknown: { status: 404, message: 'there is no such person', retry: false },
  backup_unknown: { status: 404, message: 'there is no such backup', retry: false },
  backup_busy: { status: 409, message: 'another backup is being made or checked', retry: true },
  busy: {
    status: 503,
    message: 'another program holds the settings of the server; try again',
    retry: true,
  },
  settings_unusable: {
    status: 503,
    message: 'the settings of the server cannot be used',
    retry: true,
  },
  last_owner: { status: 409, message: 'an account needs an owner who can sign in', retry: false },
  provider_failed: {
    status: 502,
    message: 'the provider of the sign-in did not answer as it should',
    retry: true,
  },
  identity_taken: { status: 409, message: 'that identity belongs to somebody else', retry: false },
  identity_unknown: {
    status: 404,
    message: 'nobody here signs in with that identity',
    retry: false,
  },
  connection_unknown: { status: 404, message: 'there is no such connection', retry: false },

  credentials_missing: { status: 401, message: 'authentication is required', retry: false },
  credentials_wrong: { status: 401, message: 'the credentials are not valid', retry: false },
  credentials_malformed: {
    status: 400,
    message: 'the credentials cannot be understood',
    retry: false,
  },
  key_malformed: { status: 400, message: 'this is not an API key', retry: false },
  key_not_in_app: { status: 401, message: 'the app has no such API key', retry: false },
  key_revoked: { status: 401, message: 'the API key has been revoked', retry: false },
  app_disabled: { status: 401, message: 'the app is disabled', retry: false },
  app_expired: { status: 401, message: 'the app has expired', retry: false },
  tls_required: { status: 403, message: 'the app requires TLS', retry: false },
  basic_required: { status: 401, message: 'this needs an API key, not a token', retry: false },
  token_required: { status: 401, message: 'this needs a token, not an API key', retry: false },
  client_id_invalid: { status: 400, message: 'the client id is not valid', retry: false },
  client_id_mismatch: {
    status: 401,
    message: 'the client id is not one that the credentials permit',
    retry: false,
  },
  capability_refused: {
    status: 401,
    message: 'the capability of the credentials does not permit this',
    retry: false,
  },

  device_unknown: { status: 404, message: 'device not found', retry: false },
  push_not_enabled: {
    status: 401,
    message: 'push is not enabled on this channel: no channel rule says so',
    retry: false,
  },
  push_backlog: {
    status: 429,
    message: 'too many push notifications are waiting to be delivered',
    retry: true,
  },
  push_full: {
    status: 403,
    message: 'the app has no room for another device or subscription to push notifications',
    retry: false,
  },

  token_malformed: { status: 400, message: 'this is not a token', retry: false },
  token_unreadable: { status: 401, message: 'the token cannot be read', retry: false },
  token_unrecognised: { status: 401, message: 'the token was not issued here', retry: false },
  token_expired: { status: 401, message: 'token expired', retry: false },
  token_revoked: { status: 401, message: 'the token has been revoked', retry: false },
  jwt_invalid: { status: 401, message: 'invalid JWT format', retry: false },
  jwt_claims_invalid: {
    status: 400,
    message: 'invalid JWT format: a claim is missing or wrong',
    retry: false,
  },
  ttl_invalid: { status: 400, message: 'the time to live is not valid', retry: false },
  filter_invalid: {
    status: 400,
    message: 'the filter of the channel name is not valid',
    retry: false,
  },
  parameter_invalid: { status: 400, message: 'a parameter is not valid', retry: false },
  timestamp_refused: {
    status: 401,
    message: 'Timestamp not current: it is too far from the time of this server',
    retry: false,
  },
  nonce_replayed: { status: 401, message: 'the nonce has been used before', retry: false },
  nonce_not_kept: {
    status: 500,
    message: 'the token request could not be noted, so it is not answered',
    retry: true,
  },
  token_requests_full: {
    status: 429,
    message: 'too many token requests signed with this API key',
    retry: true,
  },
  revocation_disabled: {
    status: 401,
    message: 'the tokens of this API key are not revocable',
    retry: false,
  },
  revocation_other_key: {
    status: 401,
    message: 'tokens are revoked with the API key they were issued from',
    retry: false,
  },

  enumeration_stale: {
    status: 400,
    message: 'the cursor is none of this list; begin again with the first page',
    retry: false,
  },
  rewind_truncated: {
    status: 404,
    message: 'there are more messages in that time than a rewind can have',
    retry: false,
  },
  too_many_filters: {
    status: 400,
    message: 'the channel has no room for another filter',
    retry: true,
  },
  too_many_attachments: {
    status: 400,
    message: 'the connection has too many channels',
    retry: false,
  },
  connection_superseded: {
    status: 410,
    message: 'another transport has gone on with this connection',
    retry: false,
  },
  object_invalid: { status: 400, message: 'invalid object message', retry: false },
  objects_full: {
    status: 400,
    message: 'the objects of the channel have come to their limit',
    retry: false,
  },
  object_deleted: { status: 400, message: 'the object was deleted', retry: false },
  object_gone: { status: 400, message: 'the object was deleted and cannot be read', retry: false },
  object_unknown: { status: 404, message: 'there is no such object', retry: false },
  object_path_unmatched: {
    status: 400,
    message: 'the path leads to no object',
    retry: false,
  },
  object_target_missing: {
    status: 400,
    message: 'object id or path required',
    retry: false,
  },
  object_path_unfit: {
    status: 400,
    message: 'path not processable',
    retry: false,
  },
  objects_unsupported: { status: 400, message: 'there are no objects here', retry: false },
  key_rate: { status: 429, message: 'too many requests with this API key', retry: true },
  app_rate: { status: 429, message: 'too many messages in this app', retry: true },
  channel_rate: { status: 429, message: 'too many messages on this channel', retry: true },
  engine_unreachable: {
    status: 503,
    message: 'it is not known whether this was taken on; try again, with the same id',
    retry: true,
  },
  not_kept: { status: 500, message: 'the message could not be kept', retry: true },
  history_busy: {
    status: 503,
    message: 'what is to be kept cannot be written as fast as it comes; try again',
    retry: true,
  },
  history_unreadable: {
    status: 500,
    message: 'what the channel remembers cannot be read',
    retry: true,
  },
  transport_unknown: { status: 410, message: 'there is no such connection', retry: true },
  message_unknown: { status: 404, message: 'there is no such message', retry: false },
  not_mutable: {
    status: 400,
    message: 'messages of this channel cannot be changed or annotated: no channel rule says so',
    retry: false,
  },
  presence_too_large: {
    status: 400,
    message: 'the channel has no room for so much presence data',
    retry: true,
  },
  answer_too_large: {
    status: 413,
    message: 'the answer would be too large; ask for this channel alone, page by page',
    retry: false,
  },
  answers_unread: {
    status: 429,
    message: 'too many answers wait for their clients to read them',
    retry: true,
  },
  presence_full: {
    status: 400,
    message: 'the channel has no room for another presence member',
    retry: true,
  },
} as const satisfies Record<string, Row>

export type FailureName = keyof typeof table

/**
 * What the owner may learn from the log and nobody else may: the line of a capability, a rule, a limit.
 * It is a function so that nothing is worked out that is not written down, and so that no answer can hold it.
 */
export type Because = () => Readonly<Record<string, string | number | undefined>>

export interface Failure extends Row {
  readonly name: FailureName
  readonly because?: Because
}

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure }

/** A row of the table, with the default message or a more telling one that is safe to show. */
export function failure(
  name: FailureName,
  message: string = table[name].message,
  because?: Because,
): Failure {
  const { status, retry } = table[name]
  return { name, status, message, retry, ...(because && { because }) }
}

/** Those that say that somebody has shown no good credentials, which is how secrets are guessed. */
const BAD_CREDENTIALS: ReadonlySet<FailureName> = new Set([
  'app_disabled',
  'app_expired',
  'credentials_malformed',
  'credentials_missing',
  'credentials_wrong',
  'jwt_claims_invalid',
  'jwt_invalid',
  'key_malformed',
  'key_not_found',
  'key_not_in_app',
  'key_revoked',
  'link_invalid',
  'nonce_replayed',
  'timestamp_refused',
  'token_expired',
  'token_malformed',
  'token_revoked',
  'token_unreadable',
  'token_unrecognised',
  'unauthorized',
])

export function isBadCredential({ name }: Failure): boolean {
  return BAD_CREDENTIALS.has(name)
}

/** What an answer over HTTP says of a failure besides its status: when to come again, and whether on this connection. */
export function refusalHeaders({ name, retry, status }: Failure): Record<string, string> {
  return {
    ...(retry && MAY_PASS.has(status) && { 'retry-after': name === 'sign_in_rate' ? '30' : '1' }),
    // The rest of a body that took too long would otherwise go on coming.
    ...(name === 'body_slow' && { connection: 'close' }),
  }
}

/** Statuses of what passes by waiting. */
const MAY_PASS: ReadonlySet<number> = new Set([408, 429, 503])

export const FAILURE_NAMES = Object.keys(table) as readonly FailureName[]

export function ok<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function fail<T>(name: FailureName, message?: string, because?: Because): Result<T> {
  return { ok: false, failure: failure(name, message, because) }
}
