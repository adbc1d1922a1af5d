// SPDX-License-Identifier: GPL-2.0
/*
 * An SPI bus in memory with an MCP3008 on it, and the 3.3 V that it measures against, for the kernel's own `mcp320x`.
 *
 * /sys/module/spi_sim/parameters/steps: what stands at its eight inputs, 0 to 1023 each. It stays until the machine ends.
 *
 * Source: MCP3004/3008 data sheet, section 5.0; Linux, include/linux/spi/spi.h and include/linux/regulator/driver.h.
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/regulator/driver.h>
#include <linux/regulator/machine.h>
#include <linux/spi/spi.h>

#define INPUTS 8
#define VOLTS_UV 3300000

static int steps[INPUTS];
module_param_array(steps, int, NULL, 0644);

static struct platform_device *board;
static struct spi_controller *bus;

/* The start bit, single ended, and three bits of the input; then a bit of silence, a zero, and ten bits. */
static int transfer(struct spi_controller *bus, struct spi_message *message)
{
	struct spi_transfer *one;
	u16 said = 0;

	list_for_each_entry(one, &message->transfers, transfer_list) {
		if (one->tx_buf)
			said = (steps[(*(const u8 *)one->tx_buf >> 2) % INPUTS] & 0x3ff) << 6;
		if (one->rx_buf && one->len >= 2) {
			((u8 *)one->rx_buf)[0] = said >> 8;
			((u8 *)one->rx_buf)[1] = said;
		}
		message->actual_length += one->len;
	}
	message->status = 0;
	spi_finalize_current_message(bus);
	return 0;
}

static struct regulator_consumer_supply supplied = REGULATOR_SUPPLY("vref", "spi0.0");
static const struct regulator_init_data init_data = {
	.constraints = { .always_on = 1 },
	.num_consumer_supplies = 1,
	.consumer_supplies = &supplied,
};
static const struct regulator_ops no_ops;
static const struct regulator_desc desc = {
	.name = "spi_sim",
	.type = REGULATOR_VOLTAGE,
	.owner = THIS_MODULE,
	.ops = &no_ops,
	.n_voltages = 1,
	.fixed_uV = VOLTS_UV,
};

static int __init begin(void)
{
	struct regulator_config config = { .init_data = &init_data };
	struct spi_board_info chip = { .modalias = "mcp3008", .max_speed_hz = 1000000 };
	struct regulator_dev *regulator;
	int error = -ENOMEM;

	board = platform_device_register_simple("spi_sim", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(board))
		return PTR_ERR(board);
	config.dev = &board->dev;
	regulator = regulator_register(&board->dev, &desc, &config);
	if (IS_ERR(regulator)) {
		error = PTR_ERR(regulator);
		goto no_regulator;
	}
	bus = spi_alloc_master(&board->dev, 0);
	if (!bus)
		goto no_bus;
	bus->bus_num = 0;
	bus->num_chipselect = 1;
	bus->transfer_one_message = transfer;
	error = spi_register_controller(bus);
	if (error) {
		spi_controller_put(bus);
		goto no_bus;
	}
	if (spi_new_device(bus, &chip))
		return 0;
	spi_unregister_controller(bus);
	error = -ENODEV;
no_bus:
	regulator_unregister(regulator);
no_regulator:
	platform_device_unregister(board);
	return error;
}

module_init(begin);
MODULE_LICENSE("GPL");
