// SPDX-License-Identifier: GPL-2.0
/*
 * A 1-Wire bus in memory with thermometers (DS18B20) on it, bit by bit, for the kernel's own `wire` and `w1_therm`.
 *
 * /sys/module/w1_sim/parameters/: `temperatures` (sixteenths of a degree, one a thermometer), `absent` and `broken` (a bit a thermometer:
 * it is pulled out; its checksum is wrong). One that is plugged in again has just got its power: it says 85 degrees until its first
 * conversion. A conversion takes 750 ms.
 *
 * Source: DS18B20 data sheet, "Memory", "Transaction sequence" and "ROM commands"; Linux, include/linux/w1.h.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/w1.h>

#define MOST 4
#define CONVERSION_MS 750
#define POWER_ON (85 * 16)

static int temperatures[MOST] = { 336, 352 };
static int count = 2;
static uint absent, broken;
module_param_array(temperatures, int, &count, 0644);
module_param(absent, uint, 0644);
module_param(broken, uint, 0644);

enum phase { DESELECTED, ROM_COMMAND, SEARCH, MATCH, FUNCTION, SENDING, CONVERTING, TAKING };

struct thermometer {
	u8 rom[8], memory[9], sent[9], taken;
	enum phase phase;
	int at, length;
	bool was_absent;
	unsigned long ready;
};

static struct thermometer all[MOST];

static u8 bit_of(const u8 *bytes, int at)
{
	return (bytes[at / 8] >> (at % 8)) & 1;
}

static void go(struct thermometer *one, enum phase phase)
{
	one->phase = phase;
	one->at = 0;
	one->taken = 0;
}

static void hold(struct thermometer *one, int temperature, bool is_measured)
{
	one->memory[0] = temperature & 0xff;
	one->memory[1] = (temperature >> 8) & 0xff;
	one->memory[6] = is_measured ? 0x10 - (temperature & 0x0f) : 0x0c;
	one->memory[7] = 0x10;
}

static void power_on(struct thermometer *one)
{
	static const u8 settings[] = { 0x4b, 0x46, 0x7f, 0xff };

	memcpy(one->memory + 2, settings, sizeof(settings));
	hold(one, POWER_ON, false);
}

static void begin_function(struct thermometer *one)
{
	int which = one - all;

	switch (one->taken) {
	case 0x44: /* convert */
		one->ready = jiffies + msecs_to_jiffies(CONVERSION_MS);
		hold(one, temperatures[which], true);
		go(one, CONVERTING);
		break;
	case 0xbe: /* read the memory */
		memcpy(one->sent, one->memory, 8);
		one->sent[8] = w1_calc_crc8(one->sent, 8) ^ ((broken >> which) & 1);
		one->length = 72;
		go(one, SENDING);
		break;
	case 0x4e: /* write three bytes of it */
		go(one, TAKING);
		break;
	default: /* others, as the question who takes power from the data line: ones, which say nobody */
		go(one, DESELECTED);
	}
}

static void begin_rom_command(struct thermometer *one)
{
	switch (one->taken) {
	case W1_SEARCH:
		go(one, SEARCH);
		break;
	case W1_MATCH_ROM:
		go(one, MATCH);
		break;
	case W1_SKIP_ROM:
		go(one, FUNCTION);
		break;
	default:
		go(one, DESELECTED);
	}
}

/* One time slot of the bus, as one thermometer sees it: the level that it leaves. */
static u8 slot(struct thermometer *one, u8 bit)
{
	u8 own;

	switch (one->phase) {
	case ROM_COMMAND:
	case FUNCTION:
		one->taken |= bit << one->at;
		if (++one->at == 8)
			one->phase == FUNCTION ? begin_function(one) : begin_rom_command(one);
		return 1;
	case SEARCH: /* three slots a bit: the bit, its complement, and which of them goes on */
		own = bit_of(one->rom, one->at / 3);
		switch (one->at++ % 3) {
		case 0:
			return own;
		case 1:
			return !own;
		}
		if (bit != own || one->at == 192)
			go(one, DESELECTED);
		return 1;
	case MATCH:
		if (bit != bit_of(one->rom, one->at++))
			go(one, DESELECTED);
		else if (one->at == 64)
			go(one, FUNCTION);
		return 1;
	case SENDING:
		return one->at < one->length ? bit_of(one->sent, one->at++) : 1;
	case TAKING:
		if (one->at < 24) {
			u8 *byte = &one->memory[2 + one->at / 8], mask = 1 << (one->at % 8);

			*byte = bit ? *byte | mask : *byte & ~mask;
			one->at++;
		}
		return 1;
	case CONVERTING:
		return time_after_eq(jiffies, one->ready);
	default:
		return 1;
	}
}

static u8 touch_bit(void *bus, u8 bit)
{
	u8 level = bit;
	int which;

	for (which = 0; which < count; which++)
		if (!((absent >> which) & 1))
			level &= slot(&all[which], bit);
	return level;
}

/* 0: somebody is there. */
static u8 reset_bus(void *bus)
{
	u8 nobody = 1;
	int which;

	for (which = 0; which < count; which++) {
		struct thermometer *one = &all[which];
		bool is_absent = (absent >> which) & 1;

		if (one->was_absent && !is_absent)
			power_on(one);
		one->was_absent = is_absent;
		nobody &= is_absent;
		go(one, ROM_COMMAND);
	}
	return nobody;
}

static struct w1_bus_master master = { .touch_bit = touch_bit, .reset_bus = reset_bus };

static int __init begin(void)
{
	int which;

	for (which = 0; which < MOST; which++) {
		u8 rom[8] = { 0x28, 0xa0 + which, 0x95, 0x79, 0xa2, 0x16, 0x03 };

		rom[7] = w1_calc_crc8(rom, 7);
		memcpy(all[which].rom, rom, sizeof(rom));
		power_on(&all[which]);
	}
	return w1_add_master_device(&master);
}

static void __exit end(void)
{
	w1_remove_master_device(&master);
}

module_init(begin);
module_exit(end);
MODULE_LICENSE("GPL");
