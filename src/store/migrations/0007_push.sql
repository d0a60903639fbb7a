CREATE TABLE `push_devices` (
	`app_id` text NOT NULL,
	`id` text NOT NULL,
	`client_id` text,
	`platform` text NOT NULL,
	`form_factor` text NOT NULL,
	`metadata` text NOT NULL,
	`transport` text NOT NULL,
	`sealed` blob NOT NULL,
	`token_digest` blob,
	`key_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`app_id`, `id`),
	FOREIGN KEY (`app_id`) REFERENCES `apps`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `push_devices_client` ON `push_devices` (`app_id`,`client_id`);--> statement-breakpoint
CREATE INDEX `push_devices_token` ON `push_devices` (`token_digest`);--> statement-breakpoint
CREATE TABLE `push_subscriptions` (
	`app_id` text NOT NULL,
	`channel` text NOT NULL,
	`kind` text NOT NULL,
	`subscriber` text NOT NULL,
	PRIMARY KEY(`app_id`, `channel`, `kind`, `subscriber`),
	FOREIGN KEY (`app_id`) REFERENCES `apps`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `push_subscriptions_subscriber` ON `push_subscriptions` (`app_id`,`kind`,`subscriber`);