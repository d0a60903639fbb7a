/** The numbers by which Ably's SDKs know failures; they appear nowhere else in the source. */
import { type Failure, type FailureName, failure } from '../../../failure.ts'

/** Where the status says too little. SDKs fetch a new token at 40140 to 40149, and only there that helps (RSC10). */
const CODES: Partial<Record<FailureName, number>> = {
  parameter_invalid: 40003,
  filter_invalid: 40003,
  too_many_filters: 40003,
  ttl_invalid: 40003,
  key_malformed: 40005,
  credentials_malformed: 40005,
  token_malformed: 40005,
  connection_id_invalid: 40006,
  message_too_large: 40009,
  bad_channel: 40010,
  channel_too_long: 40010,
  enumeration_stale: 40011,
  client_id_invalid: 40012,
  // 91000 is what SDKs say themselves; from a server they expect this.
  presence_client_id: 40012,
  append_mismatch: 40013,
  data_invalid: 40013,
  not_json: 40013,
  too_deep: 40013,
  message_name_invalid: 40016,
  version_unsupported: 40017,
  batch_has_errors: 40020,
  message_id_invalid: 40031,
  extras_invalid: 40032,
  too_many_messages: 40034,
  force_nack: 40099,

  credentials_missing: 40101,
  credentials_wrong: 40101,
  client_id_mismatch: 40102,
  timestamp_refused: 40104,
  nonce_replayed: 40105,
  app_disabled: 40120,
  app_expired: 40120,
  app_channels: 40114,
  key_revoked: 40131,
  revocation_other_key: 40133,
  token_revoked: 40141,
  token_expired: 40142,
  token_unrecognised: 40143,
  jwt_invalid: 40144,
  jwt_claims_invalid: 40144,
  token_unreadable: 40145,
  app_connections: 40150,
  capability_refused: 40160,
  identity_required: 40161,
  basic_required: 40162,
  revocation_disabled: 40163,
  channel_mode_refused: 40165,
  own_needs_identity: 40166,
  token_required: 40172,

  tls_required: 40311,
  // Its status is 401 nevertheless: SDKs are tested for both (RSA4, in uts/rest/integration/auth.md of
  // github.com/ably/specification).
  key_not_in_app: 40400,

  rate_limited: 42911,
  key_rate: 42910,
  channel_rate: 42913,
  app_rate: 42917,
  flooding: 42924,
  connection_rate: 42922,
  server_full: 50003,
  bodies_full: 50003,
  restarting: 50003,
  busy: 50003,
  settings_unusable: 50003,
  history_busy: 50003,
  engine_unreachable: 50003,
  connection_superseded: 80016,
  connection_key_invalid: 80018,
  transport_unknown: 80022,
  not_attached: 90001,
  messages_expired: 90003,
  rewind_truncated: 90004,
  history_gone: 90008,
  too_many_attachments: 90010,
  too_many_channels: 90010,
  too_many_batch_channels: 90010,
  presence_full: 91003,
  presence_too_large: 91006,
  object_invalid: 92000,
  objects_full: 92001,
  object_deleted: 92002,
  object_gone: 92003,
  object_unknown: 92004,
  object_path_unmatched: 92005,
  object_target_missing: 92006,
  object_path_unfit: 92007,
  not_mutable: 93002,
}

const BY_STATUS: Readonly<Record<number, number>> = {
  401: 40100,
  403: 40300,
  404: 40400,
  405: 40500,
  413: 40009,
  429: 42910,
}

/** The code of a failure; of its status, if it has none of its own. */
export function ablyCode(name: FailureName): number {
  const { status } = failure(name)
  return CODES[name] ?? BY_STATUS[status] ?? (status < 500 ? 40000 : 50000)
}

/** SDKs get a new token for these, and try again. */
export function isTokenFailure({ name }: Failure): boolean {
  const code = ablyCode(name)
  return code >= 40140 && code < 40150
}
