/** WebSocket close codes (RFC 6455 7.4.1; 1012 and 1013 from the IANA registry), O-5. */
export const CLOSE = { unsupported: 1003, policy: 1008, tooBig: 1009, restart: 1012 } as const
