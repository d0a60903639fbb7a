/** WebSocket close codes (RFC 6455 7.4.1; 1012 from the IANA registry). */
export const CLOSE = { normal: 1000, policy: 1008, tooBig: 1009, restart: 1012 } as const
